use super::*;

fn read(content: &str) -> Result<NamedProgram, Problems> {
    NamedProgram::read(Path::new("evening.toml"), content)
}

#[test]
fn a_file_is_the_program_that_its_calls_would_make() {
    let text = r#"
            [[segment]]
            kind = "turn"
            role = "system"
            text = "You are Ada."
            [[segment]]
            kind = "turn"
            role = "user"
            text = "On now:\n"
            [[segment]]
            kind = "list"
            name = "films"
            options = ["Heat", "Alien"]
            style = "numbered"
            shuffled = true
            [[segment]]
            kind = "text"
            text = "It rains."
            neutral = "N/A"
            [[segment]]
            kind = "turn"
            role = "assistant"
            [[segment]]
            kind = "pick"
            name = "film"
            list = "films"
            by = "label"
            calibrate = true
            [[segment]]
            kind = "pick-each"
            name = "seats"
            items = ["\nfront: ", "\nback: "]
            options = ["yes", "no"]
            mode = "independent"
            [[segment]]
            kind = "number"
            name = "stars"
            from = 1
            to = 5
            [[segment]]
            kind = "write"
            name = "why"
            max_tokens = 20
            temperature = 0.5
            top_p = 0.9
            stop = ["."]
            schema = { type = "string" }
        "#;
    let named = read(text).unwrap();
    let mut program = Program::new();
    program.system().text("You are Ada.");
    program.user().text("On now:\n");
    let films = program.options(["Heat", "Alien"], true);
    program.list(films, ListStyle::Numbered).content("It rains.", "N/A");
    program.assistant().text("");
    program.pick_label("film", films);
    program.calibrate();
    program.pick_each("seats", ["\nfront: ", "\nback: "], ["yes", "no"], EachMode::Independent);
    program.number("stars", 1, 5);
    let spec = WriteSpec::new(20).temperature(0.5).top_p(0.9).stop(".");
    program.write("why", spec.json(serde_json::json!({"type": "string"})));
    assert_eq!(named.program, program);
    let names: Vec<_> = named.slots.iter().map(|slot| slot.name.as_str()).collect();
    assert_eq!(names, ["film", "seats", "stars", "why"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let wrong = [
        "[[segment]]\nkind = \"pick\"\nname = \"a\"\noptins = [\"x\"]\n",
        "[[segment]]\nkind = \"pik\"\nname = \"a\"\n[[segment]]\nkind = \"turn\"\nrole = \"usr\"\n",
        "[[segment]]\nkind = \"pick\"\nname = \"a\"\n",
        "[[segment]]\nkind = \"pick\"\nname = \"a\"\noptions = []\n",
        "[[segment]]\nkind = \"pick\"\nname = \"a\"\noptions = [\"x\", \"x\"]\n",
        "[[segment]]\nkind = \"pick\"\nname = \"a\"\noptions = [\"x\"]\nby = \"label\"\n",
        "[[segment]]\nkind = \"list\"\nname = \"films\"\noptions = [\"x\"]\n[[segment]]\nkind = \"pick\"\nname = \"a\"\nlist = \"film\"\n",
        "[[segment]]\nkind = \"number\"\nname = \"a\"\nfrom = 3\nto = 2\n",
        "[[segment]]\nkind = \"write\"\nname = \"a\"\nmax_tokens = 0\ntop_p = 2.0\n",
        "[[segment]]\nkind = \"write\"\nname = \"a\"\nregex = \"x\"\nschema = {}\n",
        "[[segment]]\nkind = \"turn\"\nrole = \"user\"\n",
        "segment = []\n",
        "[[segment]\n",
    ];
    let told: Vec<_> = wrong.iter().map(|text| read(text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n\n"));
}
