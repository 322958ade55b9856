//! Host names to addresses. The platform's own address is numeric and never comes here; names are for local tools and containers.
//!
//! In this order: `localhost` is 127.0.0.1 (RFC 6761 section 6.3); `/etc/hosts`; then the servers of `/etc/resolv.conf`, one query of RFC
//! 1035 per UDP datagram. Of `resolv.conf` are read `nameserver`, `search` or `domain`, and `options ndots timeout attempts`. A name with
//! fewer than `ndots` dots is tried below each search domain and then as it is, any other only as it is. An IPv4 address comes before an
//! IPv6 address: local servers listen on 127.0.0.1 more often than on ::1.
//!
//! Not done: mDNS, NIS, zones of link-local addresses, octal and shortened IPv4 addresses, queries over TCP (the first address of a cut
//! reply is as good), caching (a connection lasts for the life of the process).
//!
//! This module is here for its size: musl's `getaddrinfo` adds 9.5 KB to the layer's zip, this 3.3.
//!
//! Everything that a server or a file controls is bounded: a reply by [`REPLY_BYTES_MAX`], whatever is no reply to the query is dropped
//! and the wait goes on until its end.

use crate::buffer::Buffer;
use crate::bytes;
use crate::env::parse_u64;
use crate::limits;
use crate::sys::{self, SocketAddress};

/// RFC 1035 section 2.3.4; there is no extension (RFC 6891) in our queries that would allow more.
const REPLY_BYTES_MAX: usize = 512;
/// Header (section 4.1.1), a name of 255 bytes, type and class.
const QUERY_BYTES_MAX: usize = 12 + 255 + 4;
/// As many as other resolvers read, resolv.conf(5): MAXNS.
const SERVERS_MAX: usize = 3;
/// The port of DNS.
const PORT: u16 = 53;

/// RFC 1035 section 2.3.4.
const LABEL_BYTES_MAX: usize = 63;
/// The Internet, RFC 1035 section 3.2.4.
const CLASS_IN: u8 = 1;

/// A type of records that hold an address.
#[derive(Clone, Copy)]
enum Kind {
    /// RFC 1035 section 3.4.1.
    A = 1,
    /// RFC 3596 section 2.
    Aaaa = 28,
}

/// A numeric address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Of four bytes.
    Ipv4([u8; 4]),
    /// Of sixteen.
    Ipv6([u8; 16]),
}

impl Address {
    /// With a port, as the kernel takes it.
    pub fn with_port(self, port: u16) -> SocketAddress {
        match self {
            Address::Ipv4(octets) => SocketAddress::ipv4(octets, port),
            Address::Ipv6(octets) => SocketAddress::ipv6(octets, port),
        }
    }
}

/// The address of `name`, if it has one. Waits for the servers as long as `resolv.conf` says.
#[cold]
#[inline(never)]
pub fn resolve(name: &[u8]) -> Option<Address> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let last_label = &name[bytes::find_last(b'.', name).map_or(0, |dot| dot + 1)..];
    if bytes::is_same(last_label, b"localhost") {
        return Some(Address::Ipv4([127, 0, 0, 1]));
    }
    // A file that cannot be read says nothing.
    let mut text = Buffer::new(limits::RESOLVER_FILE_BYTES_MAX);
    let _ = text.read_path(c"/etc/hosts");
    find_in_hosts(text.bytes(), name).or_else(|| {
        let _ = text.read_path(c"/etc/resolv.conf");
        Config::parse(text.bytes()).look_up(name)
    })
}

/// The words of a line.
#[derive(Clone, Copy)]
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.trim_ascii_start();
        let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        (end > 0).then_some(word)
    }
}

/// Takes a line off `text`, without its comment.
#[inline(never)]
fn next_line<'a>(text: &mut &'a [u8]) -> Option<Words<'a>> {
    if text.is_empty() {
        return None;
    }
    let (line, rest) = text.split_at(bytes::find(b'\n', text).map_or(text.len(), |end| end + 1));
    *text = rest;
    Some(Words { rest: &line[..line.iter().position(|byte| matches!(byte, b'#' | b';')).unwrap_or(line.len())] })
}

/// hosts(5): an address and its names on each line. The first IPv4 address, else the first IPv6 address.
fn find_in_hosts(mut text: &[u8], name: &[u8]) -> Option<Address> {
    let mut ipv6 = None;
    while let Some(mut words) = next_line(&mut text) {
        let Some(address) = words.next().and_then(parse_address) else { continue };
        if words.any(|word| bytes::is_same(word, name)) {
            if matches!(address, Address::Ipv4(_)) {
                return Some(address);
            }
            ipv6 = ipv6.or(Some(address));
        }
    }
    ipv6
}

/// What resolv.conf(5) says. Parts of the file's text are borrowed.
struct Config<'a> {
    servers: [Option<Address>; SERVERS_MAX],
    server_port: u16,
    /// What stands behind the last `search` or `domain`.
    search: Words<'a>,
    dots_min: u64,
    timeout_ms: u64,
    attempts: u64,
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// The servers say so: there is none.
    NotFound,
    /// They did not answer, or not so.
    NoAnswer,
}

impl<'a> Config<'a> {
    fn parse(mut text: &'a [u8]) -> Config<'a> {
        // The defaults of resolv.conf(5).
        let search = Words { rest: b"" };
        let mut config = Config { servers: [None; SERVERS_MAX], server_port: PORT, search, dots_min: 1, timeout_ms: 5_000, attempts: 2 };
        let mut count = 0;
        while let Some(mut words) = next_line(&mut text) {
            // Comparisons, here and in `set`: a `match` is one for each letter.
            let keyword = words.next().unwrap_or_default();
            if keyword == b"nameserver" && count < SERVERS_MAX {
                if let Some(address) = words.next().and_then(parse_address) {
                    config.servers[count] = Some(address);
                    count += 1;
                }
            } else if keyword == b"search" || keyword == b"domain" {
                config.search = words;
            } else if keyword == b"options" {
                words.for_each(|word| config.set(word));
            }
        }
        if count == 0 {
            config.servers[0] = Some(Address::Ipv4([127, 0, 0, 1]));
        }
        config
    }

    /// One of the options; others mean nothing here. Bounded as resolv.conf(5) does.
    fn set(&mut self, option: &[u8]) {
        let Some(colon) = bytes::find(b':', option) else { return };
        let Some(value) = parse_u64(&option[colon + 1..]) else { return };
        let name = &option[..colon];
        if name == b"ndots" {
            self.dots_min = value.min(15);
        } else if name == b"timeout" {
            self.timeout_ms = value.clamp(1, 30) * 1000;
        } else if name == b"attempts" {
            self.attempts = value.clamp(1, 5);
        }
    }

    /// Asks for the name below each search domain where it has few dots, then as it is.
    fn look_up(&self, name: &[u8]) -> Option<Address> {
        let dots = name.iter().filter(|byte| **byte == b'.').count() as u64;
        let mut search = if dots < self.dots_min { self.search } else { Words { rest: b"" } };
        loop {
            let domain = search.next().unwrap_or_default();
            for kind in [Kind::A, Kind::Aaaa] {
                match self.ask(name, domain, kind) {
                    Ok(address) => return Some(address),
                    Err(Failure::NotFound) => {}
                    // Another name may be somebody else's: what is not known must not be replaced by a guess.
                    Err(Failure::NoAnswer) => return None,
                }
            }
            if domain.is_empty() {
                return None;
            }
        }
    }

    /// Asks the servers in turn for `name` below `domain`.
    fn ask(&self, name: &[u8], domain: &[u8], kind: Kind) -> Result<Address, Failure> {
        let mut room = [0; QUERY_BYTES_MAX];
        let query = make_query(&mut room, name, domain, kind).ok_or(Failure::NotFound)?;
        for _ in 0..self.attempts {
            for server in self.servers.iter().flatten() {
                match exchange(&server.with_port(self.server_port), query, kind, self.timeout_ms) {
                    Err(Failure::NoAnswer) => {}
                    result => return result,
                }
            }
        }
        Err(Failure::NoAnswer)
    }
}

/// A query for one record type (RFC 1035 section 4.1) with a random id. `None` if that is no name.
fn make_query<'a>(room: &'a mut [u8; QUERY_BYTES_MAX], name: &[u8], domain: &[u8], kind: Kind) -> Option<&'a [u8]> {
    sys::random(&mut room[..2]);
    // Recursion desired, one question.
    room[2..12].copy_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let mut at = 12;
    for text in [name, domain.strip_suffix(b".").unwrap_or(domain)] {
        for label in text.split(|byte| *byte == b'.').filter(|_| !text.is_empty()) {
            // Behind this label there is room for the root's, which is empty, and for type and class.
            if label.is_empty() || label.len() > LABEL_BYTES_MAX || at + 1 + label.len() + 5 > QUERY_BYTES_MAX {
                return None;
            }
            room[at] = label.len() as u8;
            room[at + 1..=at + label.len()].copy_from_slice(label);
            at += 1 + label.len();
        }
    }
    room[at..at + 5].copy_from_slice(&[0, 0, kind as u8, 0, CLASS_IN]);
    Some(&room[..at + 5])
}

/// Sends a query and waits for its reply. What else arrives is dropped.
#[inline(never)]
fn exchange(server: &SocketAddress, query: &[u8], kind: Kind, timeout_ms: u64) -> Result<Address, Failure> {
    let Ok(fd) = sys::connect_datagrams(server) else { return Err(Failure::NoAnswer) };
    let mut result = None;
    if sys::send(fd, &[query]).is_ok() {
        let end_ms = sys::monotonic_ms() + timeout_ms;
        let mut reply = [0; REPLY_BYTES_MAX];
        while result.is_none() {
            let rest_ms = end_ms.saturating_sub(sys::monotonic_ms());
            if rest_ms == 0 || !sys::is_readable_within(fd, rest_ms) {
                break;
            }
            // An error here is that the port is closed.
            let Ok(count) = sys::receive(fd, &mut reply) else { break };
            result = read_reply(&reply[..count], query, kind);
        }
    }
    sys::close(fd);
    result.unwrap_or(Err(Failure::NoAnswer))
}

/// What a datagram says about the query; `None` if it is no reply to it.
fn read_reply(reply: &[u8], query: &[u8], kind: Kind) -> Option<Result<Address, Failure>> {
    // The id, the question, and the bit that tells replies from queries.
    let question = reply.get(12..query.len())?;
    if reply[..2] != query[..2] || reply[2] & 0x80 == 0 || !bytes::is_same(question, &query[12..]) {
        return None;
    }
    // RCODE: 0 is success, 3 that there is no such name; others are troubles of the server.
    if !matches!(reply[3] & 15, 0 | 3) {
        return Some(Err(Failure::NoAnswer));
    }
    let count = u16::from_be_bytes([reply[6], reply[7]]);
    let mut rest = &reply[query.len()..];
    for _ in 0..count {
        // A record that is cut off ends the reply: it had no address before.
        let Some((record, behind)) = split_record(rest, kind) else { break };
        if let Some(address) = record {
            return Some(Ok(address));
        }
        rest = behind;
    }
    Some(Err(Failure::NotFound))
}

/// The address in the first record, if it is of that kind, and what stands behind the record. `None` if it is not whole. The owner's name
/// is skipped, not read: behind an alias it is another than the one asked for.
fn split_record(mut text: &[u8], kind: Kind) -> Option<(Option<Address>, &[u8])> {
    loop {
        let (length, rest) = text.split_first()?;
        match length {
            // The root's label ends a name; so does a pointer to the rest of it (section 4.1.4).
            0 => break text = rest,
            192.. => break text = rest.get(1..)?,
            _ => text = rest.get(usize::from(*length)..)?,
        }
    }
    // Type, class, four bytes of time to live, length.
    let (fields, rest) = text.split_at_checked(10)?;
    let (data, behind) = rest.split_at_checked(usize::from(u16::from_be_bytes([fields[8], fields[9]])))?;
    let is_wanted = fields[..4] == [0, kind as u8, 0, CLASS_IN];
    let address = match kind {
        Kind::A => data.try_into().map(Address::Ipv4),
        Kind::Aaaa => data.try_into().map(Address::Ipv6),
    };
    Some((address.ok().filter(|_| is_wanted), behind))
}

/// A port: a decimal number from 1 to 65,535.
pub fn parse_port(text: &[u8]) -> Option<u16> {
    parse_u64(text).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

/// An IPv4 or IPv6 address as text (RFC 4291 section 2.2), without brackets.
#[inline(never)]
pub fn parse_address(text: &[u8]) -> Option<Address> {
    if let Some(octets) = parse_ipv4(text) {
        return Some(Address::Ipv4(octets));
    }
    // `::` stands for as many zeros as are missing.
    let gap = text.windows(2).position(|pair| pair == b"::");
    let (front, back) = gap.map_or((text, &b""[..]), |at| (&text[..at], &text[at + 2..]));
    let (mut octets, mut tail) = ([0; 16], [0; 16]);
    let count = parse_groups(front, gap.is_none(), &mut octets)?;
    let tail_count = parse_groups(back, true, &mut tail)?;
    let is_whole = if gap.is_some() { count + tail_count <= 14 } else { count == 16 };
    if !is_whole {
        return None;
    }
    octets[16 - tail_count..].copy_from_slice(&tail[..tail_count]);
    Some(Address::Ipv6(octets))
}

/// Four decimal numbers up to 255 with three dots between them; anything else is a name.
fn parse_ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let mut parts = text.split(|byte| *byte == b'.');
    for octet in &mut octets {
        let part = parts.next().filter(|part| part.len() <= 3)?;
        *octet = u8::try_from(parse_u64(part)?).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// Groups of up to four hexadecimal digits with colons between them; where they end the address, the last may be an IPv4 address. Returns
/// how many bytes they are.
#[inline(never)]
fn parse_groups(text: &[u8], end_address: bool, octets: &mut [u8; 16]) -> Option<usize> {
    let mut at = 0;
    let mut groups = text.split(|byte| *byte == b':').filter(|_| !text.is_empty()).peekable();
    while let Some(group) = groups.next() {
        if let Some(last) = parse_ipv4(group).filter(|_| end_address) {
            octets.get_mut(at..at + 4)?.copy_from_slice(&last);
            at += 4;
            return groups.peek().is_none().then_some(at);
        }
        let mut value = 0;
        for digit in group {
            value = value << 4 | (*digit as char).to_digit(16)?;
        }
        if group.is_empty() || group.len() > 4 {
            return None;
        }
        octets.get_mut(at..at + 2)?.copy_from_slice(&(value as u16).to_be_bytes());
        at += 2;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr, UdpSocket};
    use std::thread;

    #[test]
    fn addresses_are_those_of_the_standard_library() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "",
            "a.b.c.d",
            "::",
            "::1",
            "1::",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::3:4:5:6:7:8",
            "1::2::3",
            ":::",
            ":1",
            "1:",
            ":",
            "fe80::1",
            "FE80::aBc",
            "::ffff:1.2.3.4",
            "1:2:3:4:5:6:1.2.3.4",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3.4:5",
            "::1.2.3",
            "12345::",
            "::g",
            "::1%lo",
            "1.2.3.4::",
            "::-1",
            "::+1",
            "localhost",
        ] {
            let expected = text.parse::<IpAddr>().ok().map(|address| match address {
                IpAddr::V4(address) => Address::Ipv4(address.octets()),
                IpAddr::V6(address) => Address::Ipv6(address.octets()),
            });
            assert_eq!(parse_address(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn hosts_prefers_ipv4_and_ignores_comments_and_case() {
        let text = b"# a\n\n::1 both six\n10.0.0.1\tx both # hidden\n10.0.0.2 both\nnonsense y\n 10.0.0.3 Mixed.Case \n10.0.0.4";
        for (name, expected) in [
            ("both", Some("10.0.0.1")),
            ("six", Some("::1")),
            ("x", Some("10.0.0.1")),
            ("mixed.case", Some("10.0.0.3")),
            ("hidden", None),
            ("y", None),
            ("", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(find_in_hosts(text, name.as_bytes()), expected.map(|text| parse_address(text.as_bytes()).unwrap()), "{name}");
        }
    }

    #[test]
    fn localhost_is_never_asked_for() {
        for name in ["localhost", "LOCALHOST", "a.localhost", "localhost."] {
            assert_eq!(resolve(name.as_bytes()), Some(Address::Ipv4([127, 0, 0, 1])), "{name}");
        }
    }

    #[test]
    fn the_configuration_is_that_of_the_manual() {
        let text =
            b"nameserver 10.0.0.1 # first\nnameserver x\n;nameserver 10.0.0.9\nnameserver ::1\ndomain old\nsearch a.example  b.example\n\
            options ndots:3 rotate timeout:99 attempts:0\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n";
        let config = Config::parse(text);
        let servers = ["10.0.0.1", "::1", "10.0.0.2"].map(|text| parse_address(text.as_bytes()));
        assert_eq!((config.servers, config.dots_min, config.timeout_ms, config.attempts), (servers, 3, 30_000, 1));
        assert_eq!(config.search.collect::<Vec<_>>(), [&b"a.example"[..], b"b.example"]);
        let empty = Config::parse(b"");
        assert_eq!((empty.servers[0], empty.dots_min, empty.timeout_ms), (Some(Address::Ipv4([127, 0, 0, 1])), 1, 5_000));
    }

    /// Answers every query by what `answer` makes of its name, type and bytes; returns its port.
    fn server(answer: impl Fn(&str, u8, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> u16 {
        server_at(Ipv4Addr::LOCALHOST, 0, answer)
    }

    fn server_at(address: Ipv4Addr, port: u16, answer: impl Fn(&str, u8, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> u16 {
        let socket = UdpSocket::bind((address, port)).unwrap();
        let port = socket.local_addr().unwrap().port();
        thread::spawn(move || {
            let mut query = [0; 600];
            loop {
                let (count, peer) = socket.recv_from(&mut query).unwrap();
                let query = &query[..count];
                let (mut name, mut at) = (String::new(), 12);
                while query[at] > 0 {
                    let end = at + 1 + usize::from(query[at]);
                    name += &format!("{}.", std::str::from_utf8(&query[at + 1..end]).unwrap());
                    at = end;
                }
                for reply in answer(&name, query[at + 2], query) {
                    socket.send_to(&reply, peer).unwrap();
                }
            }
        });
        port
    }

    fn look_up(port: u16, text: &[u8], name: &str) -> Option<Address> {
        look_up_at("127.0.0.1", port, text, name)
    }

    fn look_up_at(server: &str, port: u16, text: &[u8], name: &str) -> Option<Address> {
        let text = [b"nameserver ", server.as_bytes(), b"\n", text].concat();
        let config = Config { server_port: port, ..Config::parse(&text) };
        // Short waits: a test of silence should not take ten seconds.
        Config { timeout_ms: config.timeout_ms.min(100), ..config }.look_up(name.as_bytes())
    }

    /// A reply to `query` with this code and these records.
    fn reply(query: &[u8], code: u8, records: &[(u8, &[u8])]) -> Vec<u8> {
        let mut text = query.to_vec();
        (text[2], text[3], text[7]) = (0x81, 0x80 | code, records.len() as u8);
        for (kind, data) in records {
            // The owner is a pointer to the question's name.
            text.extend([0xc0, 12, 0, *kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
            text.extend(*data);
        }
        text
    }

    #[test]
    fn an_address_is_found_behind_aliases_in_either_family() {
        let port = server(|name, kind, query| {
            let records: &[(u8, &[u8])] = match (name, kind) {
                ("four.test.", 1) => &[(5, b"\x01a\x00"), (1, &[10, 1, 2, 3]), (1, &[10, 9, 9, 9])],
                ("six.test.", 28) => &[(5, b"\x01a\xc0\x0c"), (28, &[7; 16])],
                _ => &[],
            };
            vec![reply(query, if records.is_empty() && name == "none.test." { 3 } else { 0 }, records)]
        });
        assert_eq!(look_up(port, b"", "four.test"), Some(Address::Ipv4([10, 1, 2, 3])));
        assert_eq!(look_up(port, b"", "six.test"), Some(Address::Ipv6([7; 16])));
        assert_eq!(look_up(port, b"", "none.test"), None);
        assert_eq!(look_up(port, b"", "empty.test"), None);
    }

    #[test]
    fn names_with_few_dots_are_searched() {
        let port = server(|name, kind, query| {
            let octets = match name {
                "a.two.example." => [10, 0, 0, 2],
                "a.b." => [10, 0, 0, 3],
                "only." => [10, 0, 0, 4],
                _ => return vec![reply(query, 3, &[])],
            };
            let records = [(1, &octets[..])];
            vec![reply(query, 0, if kind == 1 { &records } else { &[] })]
        });
        let search = b"search one.example two.example.";
        assert_eq!(look_up(port, search, "a"), Some(Address::Ipv4([10, 0, 0, 2])));
        assert_eq!(look_up(port, search, "a.b"), Some(Address::Ipv4([10, 0, 0, 3])));
        assert_eq!(look_up(port, search, "only"), Some(Address::Ipv4([10, 0, 0, 4])));
        assert_eq!(look_up(port, b"search two.example\noptions ndots:3", "a"), Some(Address::Ipv4([10, 0, 0, 2])));
    }

    #[test]
    fn what_is_no_reply_is_dropped_and_the_wait_goes_on() {
        let port = server(|_, _, query| {
            let good = reply(query, 0, &[(1, &[10, 0, 0, 1])]);
            let mut other_id = good.clone();
            other_id[1] ^= 1;
            let mut no_reply = good.clone();
            no_reply[2] = 1;
            let mut other_question = good.clone();
            other_question[13] ^= 1;
            let mut garbage = vec![vec![], vec![0; 11], vec![0xff; 512], other_id, no_reply, other_question];
            garbage.push(good);
            garbage
        });
        assert_eq!(look_up(port, b"", "a.test"), Some(Address::Ipv4([10, 0, 0, 1])));
    }

    #[test]
    fn a_server_that_is_silent_or_in_trouble_is_followed_by_the_next() {
        let port = server(|_, _, query| vec![reply(query, 0, &[(1, &[10, 0, 0, 1])])]);
        let found = Some(Address::Ipv4([10, 0, 0, 1]));
        // No server, then a silent one, then one in trouble: each on an address of its own.
        assert_eq!(look_up_at("127.0.0.2", port, b"nameserver 127.0.0.1", "a.test"), found);
        server_at(Ipv4Addr::new(127, 0, 0, 3), port, |_, _, _| Vec::new());
        assert_eq!(look_up_at("127.0.0.3", port, b"nameserver 127.0.0.1", "a.test"), found);
        assert_eq!(look_up_at("127.0.0.3", port, b"", "a.test"), None);
        server_at(Ipv4Addr::new(127, 0, 0, 4), port, |_, _, query| vec![reply(query, 2, &[])]);
        assert_eq!(look_up_at("127.0.0.4", port, b"nameserver 127.0.0.1", "a.test"), found);
    }

    #[test]
    fn replies_of_any_bytes_are_read_within_their_bounds() {
        let mut room = [0; QUERY_BYTES_MAX];
        let query = make_query(&mut room, b"a.test", b"", Kind::A).unwrap().to_vec();
        let good = reply(&query, 0, &[(5, b"\xc0\x0c"), (1, &[10, 0, 0, 1])]);
        let found = Some(Ok(Address::Ipv4([10, 0, 0, 1])));
        assert_eq!(read_reply(&good, &query, Kind::A), found);
        for cut in 0..good.len() {
            assert_ne!(read_reply(&good[..cut], &query, Kind::A), found, "{cut}");
        }
        let mut random = 1u64;
        for _ in 0..200_000 {
            let mut bad = good.clone();
            for _ in 0..3 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = query.len() + (random >> 33) as usize % (bad.len() - query.len());
                bad[at] = (random >> 56) as u8;
            }
            // Whatever it says, it says without a panic, and a loop of pointers is none: they are not followed.
            let _ = read_reply(&bad, &query, Kind::A);
        }
    }

    #[test]
    fn names_that_do_not_fit_are_not_asked_for() {
        let long = "a".repeat(63);
        let longest = format!("{long}.{long}.{long}.{}", "a".repeat(61));
        let mut room = [0; QUERY_BYTES_MAX];
        for (name, domain, is_name) in [
            (longest.as_str(), "", true),
            (&format!("{longest}a"), "", false),
            (&longest, "x", false),
            (&"a".repeat(64), "", false),
            ("a..b", "", false),
            (".a", "", false),
            ("a", "b.c.", true),
        ] {
            assert_eq!(make_query(&mut room, name.as_bytes(), domain.as_bytes(), Kind::A).is_some(), is_name, "{name} {domain}");
        }
    }
}
