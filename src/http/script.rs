//! A [`Transport`] that plays a script, for tests: one list of steps per connection.
//!
//! Nothing waits: what the script does not give is the end of the stream.

use super::connection::Transport;
use crate::sys::Errno;
use std::collections::VecDeque;

/// What the scripted peer does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Takes everything that is sent until something is received.
    Take,
    /// Takes so many bytes of what is sent.
    TakeSome(usize),
    /// Takes nothing of what is sent, as long as something is to be received.
    TakeNone,
    /// Refuses what is sent (EPIPE).
    Refuse,
    /// Gives these bytes to the receiver.
    Give(Vec<u8>),
    /// Fails the receiver (ECONNRESET).
    Fail,
    /// Ends the stream.
    End,
}

/// The scripted peer. After the last step of a connection its stream is at its end.
pub struct Script {
    connections: VecDeque<VecDeque<Step>>,
    now: VecDeque<Step>,
    /// What each connection was sent.
    pub sent: Vec<Vec<u8>>,
}

impl Script {
    /// Plays one list of steps for each connection that is opened; the connection after the last is refused.
    pub fn new(connections: Vec<Vec<Step>>) -> Script {
        Script { connections: connections.into_iter().map(Into::into).collect(), now: VecDeque::new(), sent: Vec::new() }
    }
}

impl Transport for Script {
    fn open(&mut self) -> Result<(), Errno> {
        self.now = self.connections.pop_front().ok_or(Errno(libc::ECONNREFUSED))?;
        self.sent.push(Vec::new());
        Ok(())
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<usize, Errno> {
        let all = parts.concat();
        let count = match self.now.front() {
            Some(Step::Take) => all.len(),
            Some(Step::TakeSome(count)) => {
                let count = (*count).min(all.len());
                self.now.pop_front();
                count
            }
            Some(Step::TakeNone) => {
                self.now.pop_front();
                return Ok(0);
            }
            Some(Step::Refuse) => {
                self.now.pop_front();
                return Err(Errno(libc::EPIPE));
            }
            _ => return Err(Errno(libc::EPIPE)),
        };
        self.sent.last_mut().expect("a connection is open").extend_from_slice(&all[..count]);
        Ok(count)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Errno> {
        loop {
            match self.now.pop_front() {
                Some(Step::Give(bytes)) if bytes.is_empty() => {}
                Some(Step::Give(mut bytes)) => {
                    let rest = bytes.split_off(bytes.len().min(into.len()));
                    into[..bytes.len()].copy_from_slice(&bytes);
                    if !rest.is_empty() {
                        self.now.push_front(Step::Give(rest));
                    }
                    return Ok(bytes.len());
                }
                Some(Step::Fail) => return Err(Errno(libc::ECONNRESET)),
                Some(Step::End) | None => return Ok(0),
                Some(Step::Take | Step::TakeSome(_) | Step::TakeNone | Step::Refuse) => {}
            }
        }
    }

    fn is_stale(&mut self) -> bool {
        matches!(self.now.front(), None | Some(Step::Give(_) | Step::Fail | Step::End))
    }

    fn close(&mut self) {
        self.now.clear();
    }
}

/// Lent, so that a test can look at [`Script::sent`] afterwards.
impl Transport for &mut Script {
    fn open(&mut self) -> Result<(), Errno> {
        (**self).open()
    }

    fn send(&mut self, parts: &[&[u8]]) -> Result<usize, Errno> {
        (**self).send(parts)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Errno> {
        (**self).receive(into)
    }

    fn is_stale(&mut self) -> bool {
        (**self).is_stale()
    }

    fn close(&mut self) {
        (**self).close();
    }
}
