//! The Python package, made ready for its tests: a virtual environment of its own, and the compiled module in place.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::process::stream;

/// Its tests.
const TESTS: &str = "crates/py/tests";

/// What they need besides the package.
const REQUIREMENTS: &str = "crates/py/requirements-test.txt";

/// Its sources; the compiled module is put among them.
const SOURCES: &str = "crates/py/python";

/// Makes everything ready and returns the command that runs the tests.
///
/// The module is built by the same selection of packages as the tests in Rust, so that nothing is compiled again with
/// other features, which `maturin develop` would do; what is left of its work is to put two files in place.
///
/// # Errors
/// What is missing or failed.
pub(crate) fn prepare() -> Result<Command, String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let target = std::path::absolute(target).map_err(|error| format!("the target folder: {error}"))?;
    let venv = target.join("py-venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.is_file() {
        let any = if cfg!(windows) { "python" } else { "python3" };
        succeed(Command::new(any).args(["-m", "venv"]).arg(&venv))?;
    }
    install(&venv, &python)?;
    build(&target)?;
    let mut tests = Command::new(python);
    tests.args(["-m", "pytest", "-q", "-rs", TESTS]);
    tests.env("HABITUE_BIN", target.join("debug").join(format!("habitue{EXE_SUFFIX}")));
    Ok(tests)
}

/// Installs what the tests need, once for each state of the list.
fn install(venv: &Path, python: &Path) -> Result<(), String> {
    let wanted = read(Path::new(REQUIREMENTS))?;
    let installed = venv.join("requirements-test.txt");
    if fs::read_to_string(&installed).is_ok_and(|known| known == wanted) {
        return Ok(());
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
    succeed(Command::new(python).args(pip))?;
    let sources = absolute(Path::new(SOURCES))?;
    let ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let mut packages = None;
    let status = stream(Command::new(python).args(["-c", ask]), |line| packages = Some(PathBuf::from(line)))?;
    let packages =
        packages.filter(|_| status.success()).ok_or("the folder of the environment's packages is unknown")?;
    write(&packages.join("habitue.pth"), format!("{}\n", sources.display()).as_bytes())?;
    write(&installed, wanted.as_bytes())
}

/// Builds the module and puts it among the sources.
fn build(target: &Path) -> Result<(), String> {
    succeed(Command::new("cargo").args(["build", "--workspace", "--lib", "--bins", "--tests"]))?;
    let built = target.join("debug").join(format!("{DLL_PREFIX}_habitue{DLL_SUFFIX}"));
    let name = if cfg!(windows) { "_habitue.pyd" } else { "_habitue.abi3.so" };
    let place = Path::new(SOURCES).join("habitue").join(name);
    // A module that is loaded somewhere must not change under its reader.
    let fresh = place.with_extension("new");
    fs::copy(&built, &fresh).map_err(|error| format!("{}: {error}", built.display()))?;
    fs::rename(&fresh, &place).map_err(|error| format!("{}: {error}", place.display()))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = stream(command, |_| {})?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
