//! The string literals of a source file, Rust, Lua or JavaScript: what a program can print is among them.
//!
//! Comments hold none, and a Rust file ends where its unit tests begin. This is no parser: it knows comments, quotes, escapes and Rust's
//! character literals, which is all that these sources need.

/// A string literal.
#[derive(Debug, PartialEq, Eq)]
pub struct Literal {
    /// The line on which it begins; the first is 1.
    pub line: usize,
    /// What it says: escapes are replaced.
    pub text: String,
    /// The code in front of it, back to the last `;`, `{` or `}`; strings in it are empty.
    pub before: String,
}

/// Reads a file from its beginning to its end.
struct Scanner<'a> {
    source: &'a str,
    at: usize,
    /// The code so far, back to the last statement's end.
    before: String,
    found: Vec<Literal>,
}

impl<'a> Scanner<'a> {
    fn new(source: &'a str) -> Scanner<'a> {
        Scanner { source, at: 0, before: String::new(), found: Vec::new() }
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Passes everything up to the end of `end`, or the rest; what was passed, without `end`.
    fn pass(&mut self, end: &str) -> &'a str {
        let rest = self.rest();
        let count = rest.find(end).unwrap_or(rest.len());
        self.at += (count + end.len()).min(rest.len());
        &rest[..count]
    }

    fn take(&mut self, start: usize, text: String) {
        let line = self.source[..start].matches('\n').count() + 1;
        self.found.push(Literal { line, text, before: self.before.clone() });
        self.before.push_str("\"\"");
    }

    /// A string that ends with `quote` and has escapes; its opening quote is here.
    fn quoted(&mut self, quote: char) {
        let (start, mut text) = (self.at, String::new());
        let mut characters = self.rest().char_indices().skip(1).peekable();
        let mut end = self.rest().len();
        while let Some((at, character)) = characters.next() {
            if character == quote {
                end = at + 1;
                break;
            }
            if character != '\\' {
                text.push(character);
                continue;
            }
            match characters.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                // Rust: the line goes on, without the white space at the next one's beginning.
                Some('\n') => while characters.next_if(|(_, blank)| blank.is_whitespace()).is_some() {},
                Some(other) => text.push(other),
                None => {}
            }
        }
        self.at += end;
        self.take(start, text);
    }

    /// A string without escapes, whose opening takes `open` bytes.
    fn raw(&mut self, open: usize, end: &str) {
        let start = self.at;
        self.at += open;
        let text = self.pass(end).to_owned();
        self.take(start, text);
    }

    /// A template of JavaScript; what is filled in is passed over, with all that it nests.
    fn template(&mut self) {
        let (start, mut text, mut depth) = (self.at, String::new(), 0);
        for (at, character) in self.rest().char_indices().skip(1) {
            let is_field = self.rest()[..at].ends_with('$');
            match character {
                '{' if depth > 0 || is_field => depth += 1,
                '}' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        text.pop();
                        text.push('…');
                    }
                }
                '`' if depth == 0 => {
                    self.at += at + 1;
                    return self.take(start, text);
                }
                _ if depth == 0 => text.push(character),
                _ => {}
            }
        }
        self.at = self.source.len();
    }

    fn code(&mut self) {
        let Some(character) = self.rest().chars().next() else { return };
        self.at += character.len_utf8();
        if matches!(character, ';' | '{' | '}') {
            self.before.clear();
        } else {
            self.before.push(character);
        }
    }
}

/// The literals of Rust code, up to `#[cfg(test)]` at a line's beginning.
pub fn of_rust(source: &str) -> Vec<Literal> {
    let source = source.find("\n#[cfg(test)]\n").map_or(source, |end| &source[..end]);
    let mut scanner = Scanner::new(source);
    while !scanner.rest().is_empty() {
        let rest = scanner.rest();
        let raw = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r');
        let hashes = raw.map(|raw| raw.len() - raw.trim_start_matches('#').len()).unwrap_or_default();
        if raw.is_some_and(|raw| raw[hashes..].starts_with('"')) {
            let open = rest.find('"').unwrap_or_default() + 1;
            scanner.raw(open, &format!("\"{}", "#".repeat(hashes)));
        } else if rest.starts_with("//") {
            scanner.pass("\n");
        } else if rest.starts_with("/*") {
            scanner.pass("*/");
        } else if rest.starts_with('"') {
            scanner.quoted('"');
        } else if let Some(count) = character_length(rest) {
            scanner.at += count;
        } else {
            scanner.code();
        }
    }
    scanner.found
}

/// How long the character literal here is; `None` where there is none, such as at a lifetime.
fn character_length(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return Some(2 + inner[2..].find('\'')? + 2);
    }
    let character = inner.chars().next()?;
    inner[character.len_utf8()..].starts_with('\'').then_some(2 + character.len_utf8())
}

/// The literals of Lua code.
pub fn of_lua(source: &str) -> Vec<Literal> {
    let mut scanner = Scanner::new(source);
    while let Some(first) = scanner.rest().chars().next() {
        let rest = scanner.rest();
        if rest.starts_with("--[[") {
            scanner.pass("]]");
        } else if rest.starts_with("--") {
            scanner.pass("\n");
        } else if rest.starts_with("[[") {
            scanner.raw(2, "]]");
        } else if rest.starts_with("[=[") {
            scanner.raw(3, "]=]");
        } else if matches!(first, '"' | '\'') {
            scanner.quoted(first);
        } else {
            scanner.code();
        }
    }
    scanner.found
}

/// The literals of JavaScript code; in templates `…` stands for what is filled in.
pub fn of_js(source: &str) -> Vec<Literal> {
    let mut scanner = Scanner::new(source);
    while let Some(first) = scanner.rest().chars().next() {
        if scanner.rest().starts_with("//") {
            scanner.pass("\n");
        } else if matches!(first, '"' | '\'') {
            scanner.quoted(first);
        } else if first == '`' {
            scanner.template();
        } else {
            scanner.code();
        }
    }
    scanner.found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: &[Literal]) -> Vec<&str> {
        found.iter().map(|literal| literal.text.as_str()).collect()
    }

    #[test]
    fn rust_literals_are_found_in_every_form() {
        let source = "// \"no\"\n/* \"no\" */ let a = (b\"bytes\", c\"c\", '\"', '\\'', b'\"', \"\\\"q\\\"\\n\", r#\"r\"a\"#, br\"w\");\n\
            fn f<'a>(x: &'a str) { g(\"long \\\n      line\") } // \"no\"\n#[cfg(test)]\nmod tests { \"no\" }\n";
        assert_eq!(texts(&of_rust(source)), ["bytes", "c", "\"q\"\n", "r\"a", "w", "long line"]);
        let found = of_rust("a;\nassert!(b, \"words\")\n");
        assert_eq!((found[0].line, found[0].before.trim()), (2, "assert!(b,"));
    }

    #[test]
    fn lua_literals_are_found_in_every_form() {
        let source = "-- 'no'\nlocal a = 'it\\'s' .. \"two\\n\" --[[ 'no' ]] .. [[long]] .. [=[a]]b]=]\nt[f('x')] = 1\n";
        assert_eq!(texts(&of_lua(source)), ["it's", "two\n", "long", "a]]b", "x"]);
    }

    #[test]
    fn javascript_literals_are_found_in_every_form() {
        let source = "// 'no'\nconst a = 'it\\'s' + \"two\\n\" + `no '${name}' in ${f({ b: `${c}` })}.`;\n";
        assert_eq!(texts(&of_js(source)), ["it's", "two\n", "no '…' in …."]);
    }
}
