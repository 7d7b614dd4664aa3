//! Who may speak to the server.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::refusal::{Code, Refusal};

/// Who may speak to the server: with a token those who bring it, without one everybody but web pages.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Digests take equally long to compare wherever they differ.
    token: Option<blake3::Hash>,
}

impl Access {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self { token: token.map(|token| blake3::hash(token.as_bytes())) }
    }

    /// Checks a request. The token comes as `Authorization: Bearer TOKEN`, or as the password of `Authorization: Basic`,
    /// which is what clients that cannot set headers make of `http://any:TOKEN@host`.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(token) = &self.token else {
            // A page in a browser on this machine could otherwise take up sessions, whatever its site.
            return match headers.get(header::ORIGIN) {
                None => Ok(()),
                Some(_) => {
                    Err(Refusal::new(StatusCode::FORBIDDEN, Code::SessionError, "comes from a web page")
                        .at("origin")
                        .expected("no such header, or a server with a token"))
                }
            };
        };
        let refused = |error: &str| {
            Refusal::new(StatusCode::UNAUTHORIZED, Code::SessionError, error)
                .at("authorization")
                .expected("\"Bearer TOKEN\" with the token of this server")
        };
        let given = headers.get(header::AUTHORIZATION).ok_or_else(|| refused("is missing"))?;
        let brought = given.to_str().ok().and_then(brought).ok_or_else(|| refused("is no bearer token"))?;
        if blake3::hash(&brought) == *token { Ok(()) } else { Err(refused("is another token")) }
    }
}

/// The token in a value of the header.
fn brought(value: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = BASE64_STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asked(access: &Access, name: header::HeaderName, value: &str) -> bool {
        let headers =
            HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap_or_else(|_| panic!()))]);
        access.check(&headers).is_ok()
    }

    #[test]
    fn only_the_token_opens() {
        let access = Access::new(Some("open sesame"));
        assert!(asked(&access, header::AUTHORIZATION, "Bearer open sesame"));
        let basic = format!("basic {}", BASE64_STANDARD.encode("ali:open sesame"));
        assert!(asked(&access, header::AUTHORIZATION, &basic));
        for wrong in [
            "Bearer open sesam",
            "Bearer",
            "Bearer ",
            "open sesame",
            "Basic open sesame",
            "Basic b3Blbg==",
            "",
        ] {
            assert!(!asked(&access, header::AUTHORIZATION, wrong), "{wrong}");
        }
        assert!(access.check(&HeaderMap::new()).is_err());
    }

    #[test]
    fn without_a_token_web_pages_are_kept_out() {
        let access = Access::new(None);
        assert!(access.check(&HeaderMap::new()).is_ok());
        assert!(!asked(&access, header::ORIGIN, "https://example.org"));
    }
}
