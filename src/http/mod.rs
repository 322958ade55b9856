//! Exactly the HTTP/1.1 (RFC 9112) that the Lambda Runtime API needs, from the client's side. Knows nothing of Lambda.
//!
//! Spoken: GET and POST with `Content-Length` on a persistent connection; replies framed by `Content-Length`, by `Transfer-Encoding:
//! chunked` (any number of chunks, extensions, trailers) or by the end of the connection; interim 1xx replies; bare LF as a line end
//! (section 2.2 allows it). Not spoken: other transfer codings, line folding, `Expect`, upgrades, TLS, proxies.
//!
//! Everything that the peer controls has a bound in `limits`.

pub mod chunked;
pub mod connection;
pub mod request;
pub mod response;
#[cfg(test)]
pub mod script;
