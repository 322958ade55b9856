//! The modules that a Lua file asks for by a literal name: `require "a.b"`, `require("a.b")`, in any of Lua's quotes.
//!
//! It reads Lua as the lexer does, so that comments and strings are passed over; it does not parse. Not found, on purpose: names that
//! are put together, escapes in a name, and `pcall(require, "a")`, which is how code asks for what it can do without.

/// A module and the line that asks for it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Require {
    /// The name as it is written.
    pub module: String,
    /// Counted from 1.
    pub line: usize,
}

/// What a lexer sees, as far as it matters here.
#[derive(Debug, PartialEq)]
enum Token<'a> {
    /// `require`, not as the field of something.
    Require,
    /// A string without escapes.
    Text(&'a [u8]),
    Open,
    Close,
    /// `.` or `:` between names.
    Field,
    Other,
}

/// All of them, in their order, each module once.
pub fn find(source: &[u8]) -> Vec<Require> {
    let mut found: Vec<Require> = Vec::new();
    let mut lexer = Lexer { source, at: 0 };
    let mut window = [Token::Other, Token::Other, Token::Other];
    while let Some(token) = lexer.next() {
        let is_call = match (&window, &token) {
            ([.., Token::Require], Token::Text(name)) => Some(*name),
            ([Token::Require, Token::Open, Token::Text(name)], Token::Close) => Some(*name),
            _ => None,
        };
        if let Some(module) = is_call.and_then(|name| std::str::from_utf8(name).ok())
            && !module.is_empty()
            && !found.iter().any(|require| require.module == module)
        {
            let line = source[..lexer.at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            found.push(Require { module: module.to_owned(), line });
        }
        let [_, second, third] = window;
        window = [second, third, token];
    }
    found
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let source = self.source;
        let rest = |at: usize| source.get(at..).unwrap_or_default();
        loop {
            let first = *source.get(self.at)?;
            let token = match first {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => {
                    self.at += 1;
                    continue;
                }
                b'-' if rest(self.at).starts_with(b"--") => {
                    self.at += 2;
                    if self.long_bracket().is_none() {
                        self.at += rest(self.at).iter().position(|&byte| byte == b'\n').unwrap_or(rest(self.at).len());
                    }
                    continue;
                }
                b'[' => match self.long_bracket() {
                    Some(text) => return Some(Token::Text(text)),
                    None => Token::Other,
                },
                b'"' | b'\'' => return Some(self.quoted(first)),
                b'(' => Token::Open,
                b')' => Token::Close,
                b':' => Token::Field,
                b'.' if !rest(self.at).starts_with(b"..") => Token::Field,
                b'.' => {
                    self.at += rest(self.at).iter().take_while(|&&byte| byte == b'.').count();
                    return Some(Token::Other);
                }
                _ if first.is_ascii_alphanumeric() || first == b'_' || first >= 0x80 => return Some(self.word()),
                _ => Token::Other,
            };
            self.at += 1;
            return Some(token);
        }
    }

    /// A name, a keyword or a number. A `require` behind a point or a colon is somebody else's.
    fn word(&mut self) -> Token<'a> {
        let begin = self.at;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        self.at += self.source[begin..].iter().take_while(|byte| is_part(byte)).count();
        let before = self.source[..begin].trim_ascii_end();
        let is_field = before.ends_with(b":") || before.ends_with(b".") && !before.ends_with(b"..");
        if &self.source[begin..self.at] == b"require" && !is_field { Token::Require } else { Token::Other }
    }

    /// A string in quotes, to its end or that of its line.
    fn quoted(&mut self, quote: u8) -> Token<'a> {
        let begin = self.at + 1;
        let mut has_escape = false;
        self.at = begin;
        while let Some(&byte) = self.source.get(self.at) {
            match byte {
                b'\\' => {
                    has_escape = true;
                    self.at += 1;
                }
                b'\n' => break,
                _ if byte == quote => break,
                _ => {}
            }
            self.at += 1;
        }
        let end = self.at.min(self.source.len());
        self.at = (end + 1).min(self.source.len());
        if has_escape { Token::Other } else { Token::Text(&self.source[begin..end]) }
    }

    /// `[[ … ]]`, `[=[ … ]=]`: what is in it, or `None` where there is none.
    fn long_bracket(&mut self) -> Option<&'a [u8]> {
        let rest = self.source.get(self.at..)?.strip_prefix(b"[")?;
        let level = rest.iter().take_while(|&&byte| byte == b'=').count();
        let text = rest[level..].strip_prefix(b"[")?;
        let close = [b"]", "=".repeat(level).as_bytes(), b"]"].concat();
        let end = text.windows(close.len()).position(|window| window == close);
        self.at += level + 2 + end.map_or(text.len(), |end| end + close.len());
        Some(&text[..end.unwrap_or(text.len())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_names_are_found_and_nothing_else() {
        for (source, names) in [
            ("local a = require \"a\"", &["a"][..]),
            ("local a, b = require('a.b'), require [[c/d]].e", &["a.b", "c/d"]),
            ("require(\"a\" .. name) require(name) require(\"b\", x)", &[]),
            ("require \"a\" .. \"b\"", &["a"]),
            ("-- require \"a\"\n--[[ require \"b\"\n]] require \"c\" --[==[ ]] require \"d\" ]==] require 'e'", &["c", "e"]),
            ("local text = \"require 'a'\" local more = [=[ require \"b\" ]] ]=]", &[]),
            ("self.require \"a\" self:require \"b\" x .. require \"c\"", &["c"]),
            ("required \"a\" _require \"b\" pcall(require, \"c\")", &[]),
            ("require \"a\\98\" require \"\" require \"a\" require \"a\"", &["a"]),
            ("require\n(\n'a'\n)", &["a"]),
            ("local broken = \"no end\nrequire 'a'", &["a"]),
            ("local t = { [1] = require 'a', [x[1]] = 2 } --", &["a"]),
            ("s = 'it\\'s' require 'a' [[", &["a"]),
        ] {
            assert_eq!(find(source.as_bytes()).iter().map(|require| require.module.as_str()).collect::<Vec<_>>(), names, "{source}");
        }
    }

    #[test]
    fn lines_are_counted() {
        assert_eq!(find(b"\n\nlocal a = require 'a'\n"), [Require { module: "a".into(), line: 3 }]);
    }
}
