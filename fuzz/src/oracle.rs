//! JSON once more, as naively as possible: recursion, one byte at a time, std's numbers and UTF-8. What coldmoon's codec is compared with.
//!
//! Nothing here is shared with the codec but the type of its rules' bound, so an error would have to be made twice.

use coldmoon::limits::JSON_DEPTH_MAX;

/// A value of JSON. Doubles are bits, so that 0 and -0 differ; objects keep order and duplicates.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants are JSON's own")]
pub enum Value {
    Null,
    Boolean(bool),
    Double(u64),
    Int64(i64),
    Uint64(u64),
    String(Vec<u8>),
    Array(Vec<Value>),
    Object(Vec<(Vec<u8>, Value)>),
}

/// The document `text`, if it is one.
pub fn decode(text: &[u8]) -> Option<Value> {
    // All that is not in a string is ASCII, so the whole is UTF-8 if the strings are.
    std::str::from_utf8(text).ok()?;
    let mut rest = text;
    let value = value(&mut rest, 0)?;
    skip_space(&mut rest);
    rest.is_empty().then_some(value)
}

fn skip_space(rest: &mut &[u8]) {
    while let [b' ' | b'\n' | b'\r' | b'\t', tail @ ..] = *rest {
        *rest = tail;
    }
}

/// Skips white space and `wanted`, if it is there.
fn take(rest: &mut &[u8], wanted: &str) -> bool {
    skip_space(rest);
    let tail = rest.strip_prefix(wanted.as_bytes());
    *rest = tail.unwrap_or(rest);
    tail.is_some()
}

fn value(rest: &mut &[u8], depth: usize) -> Option<Value> {
    let inner = if depth < JSON_DEPTH_MAX { Some(depth + 1) } else { None };
    if take(rest, "null") {
        Some(Value::Null)
    } else if take(rest, "true") {
        Some(Value::Boolean(true))
    } else if take(rest, "false") {
        Some(Value::Boolean(false))
    } else if take(rest, "\"") {
        string(rest).map(Value::String)
    } else if take(rest, "[") {
        let mut items = Vec::new();
        inner?;
        if take(rest, "]") {
            return Some(Value::Array(items));
        }
        loop {
            items.push(value(rest, inner?)?);
            if !take(rest, ",") {
                return take(rest, "]").then_some(Value::Array(items));
            }
        }
    } else if take(rest, "{") {
        let mut members = Vec::new();
        inner?;
        if take(rest, "}") {
            return Some(Value::Object(members));
        }
        loop {
            let key = take(rest, "\"").then(|| string(rest))??;
            members.push((key, take(rest, ":").then(|| value(rest, inner?))??));
            if !take(rest, ",") {
                return take(rest, "}").then_some(Value::Object(members));
            }
        }
    } else {
        let len = rest.iter().take_while(|byte| b"+-.0123456789eE".contains(byte)).count();
        let (text, tail) = rest.split_at(len);
        *rest = tail;
        number(std::str::from_utf8(text).ok()?)
    }
}

/// The number that is all of `text`.
pub fn number(text: &str) -> Option<Value> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let valid = digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    let double: f64 = text.parse().ok().filter(|double: &f64| valid && double.is_finite())?;
    Some(match (text.parse::<i64>(), text.parse::<u64>()) {
        _ if fraction.is_some() || exponent.is_some() => Value::Double(double.to_bits()),
        (Ok(integer), _) if integer.unsigned_abs() > 1 << 53 => Value::Int64(integer),
        (Err(_), Ok(integer)) => Value::Uint64(integer),
        _ => Value::Double(double.to_bits()),
    })
}

/// What stands before the closing quote, which is skipped.
fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        match byte {
            b'"' => return Some(out),
            0..=0x1f => return None,
            b'\\' => {
                let (escaped, tail) = rest.split_first()?;
                *rest = tail;
                match escaped {
                    b'"' | b'\\' | b'/' => out.push(*escaped),
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'u' => {
                        let (hex, tail) = rest.split_at_checked(4)?;
                        *rest = tail;
                        let mut code = hex.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))?;
                        // A low surrogate behind a high one, which can only come from an escape: both are one.
                        if let ([.., 0xed, high @ 0xa0..=0xaf, low], 0xdc00..=0xdfff) = (out.as_slice(), code) {
                            let high = (u32::from(*high) & 0x0f) << 6 | u32::from(*low) & 0x3f;
                            code = 0x1_0000 + (high << 10) + (code - 0xdc00);
                            out.truncate(out.len() - 3);
                        }
                        match char::from_u32(code) {
                            Some(char) => out.extend(char.encode_utf8(&mut [0; 4]).bytes()),
                            None => out.extend([0xed, 0x80 | (code >> 6 & 0x3f) as u8, 0x80 | (code & 0x3f) as u8]),
                        }
                    }
                    _ => return None,
                }
            }
            _ => out.push(*byte),
        }
    }
}

/// The text of `value`, if it has one.
pub fn encode(value: &Value) -> Option<String> {
    let list = |items: Vec<String>, brackets: [&str; 2]| format!("{}{}{}", brackets[0], items.join(","), brackets[1]);
    Some(match value {
        Value::Null => "null".into(),
        Value::Boolean(value) => value.to_string(),
        Value::Double(bits) => encode_double(f64::from_bits(*bits))?,
        Value::Int64(value) => value.to_string(),
        Value::Uint64(value) => value.to_string(),
        Value::String(bytes) => encode_string(bytes).ok()?,
        Value::Array(items) => list(items.iter().map(encode).collect::<Option<_>>()?, ["[", "]"]),
        Value::Object(members) => {
            let member = |(key, value): &(Vec<u8>, Value)| Some(encode_string(key).ok()? + ":" + &encode(value)?);
            list(members.iter().map(member).collect::<Option<_>>()?, ["{", "}"])
        }
    })
}

/// `bytes` in quotes, or the offset of the first byte that is neither UTF-8 nor a surrogate's three-byte form.
pub fn encode_string(bytes: &[u8]) -> Result<String, usize> {
    let mut out = String::from("\"");
    let mut at = 0;
    while at < bytes.len() {
        let char = (1..=4).find_map(|len| std::str::from_utf8(bytes.get(at..at + len)?).ok());
        match (char, &bytes[at..]) {
            (Some("\""), _) => out += "\\\"",
            (Some("\\"), _) => out += "\\\\",
            (Some("\n"), _) => out += "\\n",
            (Some("\r"), _) => out += "\\r",
            (Some("\t"), _) => out += "\\t",
            (Some("\u{8}"), _) => out += "\\b",
            (Some("\u{c}"), _) => out += "\\f",
            (Some(control), _) if control < " " => out += &format!("\\u{:04x}", control.as_bytes()[0]),
            (Some(char), _) => out += char,
            (None, [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, ..]) => {
                out += &format!("\\u{:04x}", 0xd000 | (u32::from(*high) & 0x3f) << 6 | u32::from(*low) & 0x3f);
                at += 2;
            }
            _ => return Err(at),
        }
        at += char.map_or(1, str::len);
    }
    Ok(out + "\"")
}

/// `value` as JavaScript writes it, but for -0: the shortest digits are std's.
pub fn encode_double(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e')?;
    let (mut digits, exponent) = (mantissa.replace('.', ""), exponent.parse::<i32>().ok()?);
    // Exactly between two shortest texts std takes the upper one, JavaScript the even one.
    let even = format!("{}", digits.parse::<u64>().ok()?.saturating_sub(1));
    let exact = format!("{:.40e}", value.abs()).replace('.', "");
    if digits.ends_with(['1', '3', '5', '7', '9']) && exact.split('e').next()?.trim_end_matches('0') == format!("{even}5") {
        digits = even;
    }
    let (count, point) = (digits.len() as i32, exponent + 1);
    Some(match point {
        1..=21 if count <= point => format!("{sign}{digits}{}", "0".repeat((point - count) as usize)),
        1..=21 => format!("{sign}{}.{}", &digits[..point as usize], &digits[point as usize..]),
        -5..=0 => format!("{sign}0.{}{digits}", "0".repeat(-point as usize)),
        _ if count == 1 => format!("{sign}{digits}e{exponent:+}"),
        _ => format!("{sign}{}.{}e{exponent:+}", &digits[..1], &digits[1..]),
    })
}
