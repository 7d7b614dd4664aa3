use super::*;

fn document(text: &str) -> Node {
    Node::document(text, 0).unwrap()
}

#[test]
fn everything_knows_its_place() {
    let text = "a = 1\n[b]\nc = [\"x\", { d = true }]\n";
    let node = document(text);
    let typed = |way: &Way| {
        let (start, end) = node.find(way).unwrap().at.span;
        &text[start..end]
    };
    let list = Way::to("b").key("c");
    assert_eq!(typed(&Way::to("a")), "1");
    assert_eq!(typed(&Way::to("b")), "[b]");
    assert_eq!(typed(&list.index(0)), "\"x\"");
    assert_eq!(typed(&list.index(1).key("d")), "true");
    assert_eq!(list.index(1).key("d").to_string(), "b.c[1].d");
    assert_eq!((list.index(1).name(), Way::default().name()), ("c[1]".to_owned(), String::new()));
    assert_eq!(node.find(&list.index(2)).map(|_| ()), None);
    assert_eq!(node.deepest(&list.index(2).key("e")).elements().len(), 2);
}

#[test]
fn numbers_are_read_in_all_their_spellings() {
    let node = document(
        "a = 0x1F\nb = 1_000\nc = -7\nd = 1_0.5e1_0\ne = 9223372036854775808\nf = -0b1\n"
            .split("\nf")
            .next()
            .unwrap(),
    );
    let value = |key: &str| node.get(key).unwrap().shown();
    assert_eq!([value("a"), value("b"), value("c")], ["31", "1000", "-7"]);
    assert_eq!([value("d"), value("e")], ["105000000000.0", "9223372036854775808"]);
}

#[test]
fn dotted_paths_find_their_way() {
    let node = document("a.b = [{ c = 1 }]\n\"d.e\" = { \"7\" = 1 }\n");
    let way = |dotted: &str| node.dotted(dotted).to_string();
    assert_eq!(way("a.b.0.c"), "a.b[0].c");
    assert_eq!(node.find(&node.dotted("d.e.7")).map(Node::shown).as_deref(), Some("1"));
    assert_eq!(way("a.x.3"), "a.x.3");
    assert_eq!(way(""), "");
}

#[test]
fn values_can_be_left_out_or_made_harmless() {
    let mut node = document("a.b = 7\na.c = [1, 2]\nd = 5.5\n");
    let (b, c) = (Way::to("a").key("b"), Way::to("a").key("c"));
    assert!(node.make_harmless(&b) && !node.make_harmless(&b));
    assert!(node.make_harmless(&c) && !node.make_harmless(&c));
    assert_eq!(
        (node.find(&b).unwrap().shown(), node.find(&c).unwrap().elements().len()),
        ("1".to_owned(), 1)
    );
    assert!(node.remove(&b) && !node.remove(&b));
    assert!(!node.remove(&c.index(0)) && !node.remove(&Way::default()));
}

#[test]
fn long_values_are_shown_in_part() {
    let node = document(&format!("a = \"{}\"\nb = []\nc = {{}}\nd = [1]\n", "x".repeat(500)));
    let shown = |key: &str| node.get(key).unwrap().shown();
    assert_eq!(shown("a").chars().count(), 62);
    assert_eq!([shown("b"), shown("c"), shown("d")], ["an empty list", "an empty table", "a list of 1"]);
}
