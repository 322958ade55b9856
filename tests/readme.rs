//! The Lua of the README and of `docs/`: every block of it runs in the real bootstrap and does what the page says.
//!
//! A comment in front of the block (`<!-- … -->`, which no reader sees) holds the directives of `src/behaviour.rs`, and perhaps another file of
//! the function, `---- file: NAME`. A block that is no whole module, with a `return`, becomes one by a handler that does nothing.

use coldmoon_tests::behaviour::Behaviour;
use coldmoon_tests::{tell, workspace};

/// The Lua blocks of a document: the line where each begins, the comment in front of it, its code.
fn blocks(text: &str) -> Result<Vec<(usize, String, String)>, String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("\n```lua\n") {
        let line = text[..text.len() - rest.len() + start + 1].lines().count() + 1;
        let (before, code) = (&rest[..start], &rest[start + "\n```lua\n".len()..]);
        let end = code.find("\n```\n").ok_or_else(|| format!("line {line}: a block without its end"))?;
        let comment = before.strip_suffix(" -->").and_then(|before| Some(&before[before.rfind("<!-- ")? + "<!-- ".len()..]));
        let comment = comment.ok_or_else(|| format!("line {line}: no comment says what this block does"))?;
        blocks.push((line, comment.to_owned(), code[..=end].to_owned()));
        rest = &code[end..];
    }
    Ok(blocks)
}

/// The README and the pages of `docs/`, by their paths in the repository.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    let folder = std::fs::read_dir(workspace().join("docs")).into_iter().flatten();
    pages.extend(folder.map(|entry| format!("docs/{}", entry.expect("an entry").file_name().to_string_lossy())));
    pages.retain(|page| page.ends_with(".md"));
    pages.sort();
    pages
}

#[test]
fn every_lua_block_does_what_it_says() {
    let mut problems = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = std::fs::read_to_string(workspace().join(&page)).expect("a page");
        let blocks = blocks(&text).unwrap_or_else(|problem| panic!("{page}: {problem}"));
        assert!(page != "README.md" || !blocks.is_empty(), "the README begins with a function");
        count += blocks.len();
        for (line, comment, code) in &blocks {
            let is_module = code.lines().any(|line| line.starts_with("return "));
            let (events, tail) = if is_module { ("", "") } else { ("event: 1\nresponse: null\n", "return { handler = function() end }\n") };
            let (comment, files) = comment.split_at(comment.find("---- file: ").unwrap_or(comment.len()));
            let directives: String = format!("{events}{comment}").lines().map(|line| format!("-- {line}\n")).collect();
            let name = format!("{page}:{line}");
            let behaviour = Behaviour::parse(&name, &format!("-- A block of {page}.\n{directives}\n{code}{tail}{files}"));
            problems.extend(behaviour.and_then(|behaviour| behaviour.run()).err());
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    tell(&format!("readme and docs: {count} blocks of Lua"));
}

#[test]
fn blocks_are_found_with_their_comments() {
    let text = "a\n\n<!-- event: 1\nresponse: 2 -->\n```lua\nreturn 1\n```\n\n```console\n$ lua\n```\n<!-- event: 3 -->\n```lua\nf()\n\ng()\n```\n";
    let found = blocks(text).expect("they are right");
    let expected = [(5, "event: 1\nresponse: 2", "return 1\n"), (13, "event: 3", "f()\n\ng()\n")];
    assert_eq!(found, expected.map(|(line, comment, code)| (line, comment.to_owned(), code.to_owned())));
    for text in ["\n```lua\nf()\n```\n", "<!-- event: 1 -->\n\n```lua\nf()\n```\n", "<!-- event: 1 -->\n```lua\nf()\n"] {
        assert!(blocks(text).is_err(), "{text}");
    }
}
