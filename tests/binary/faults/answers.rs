//! What left by sockets, from a record of system calls: HTTP answers with the request they answer, and frames of boards.

use super::trace::Call;
use serde_json::Value;
use std::collections::HashMap;

/// Something that left.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    /// Path of the request on this socket that it answers, or that opened it.
    pub(crate) path: String,
    /// When the request was read.
    pub(crate) asked: usize,
    /// When its sending began.
    pub(crate) began: usize,
    /// Status of an answer; 0 for a frame.
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// Requests as they were read: when, and the path.
pub(crate) type Asked = Vec<(usize, String)>;

/// Follows every socket. Descriptors of files never carry what looks like HTTP here: files are sealed.
pub(crate) fn all(calls: &[Call]) -> (Vec<Left>, Asked) {
    let mut open: HashMap<i64, (usize, String)> = HashMap::new();
    let (mut left, mut asked) = (Vec::new(), Asked::new());
    for call in calls.iter().filter(|call| call.returned > 0) {
        let descriptor = call.descriptor();
        match call.name.as_str() {
            "read" | "recvfrom" => {
                if let Some(path) = request(&call.data()) {
                    asked.push((call.ended, path.clone()));
                    open.insert(descriptor, (call.ended, path));
                }
            }
            "write" | "writev" | "sendto" => {
                let Some((read, path)) = open.get(&descriptor) else {
                    continue;
                };
                let data = call.data();
                if let Some((status, body)) = answer(&data).or_else(|| frame(&data)) {
                    left.push(Left {
                        path: path.clone(),
                        asked: *read,
                        began: call.began,
                        status,
                        body,
                    });
                }
            }
            _ => {}
        }
    }
    (left, asked)
}

/// The path of a request that begins here.
fn request(data: &[u8]) -> Option<String> {
    let line = data.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    let method = words.next()?;
    ["GET", "POST"].contains(&method).then_some(())?;
    words.next().map(str::to_owned)
}

fn answer(data: &[u8]) -> Option<(u16, Value)> {
    let text = String::from_utf8_lossy(data);
    let status = text.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let from = body.find('{').unwrap_or(body.len());
    let mut values = serde_json::Deserializer::from_str(body.get(from..).unwrap_or("")).into_iter::<Value>();
    Some((status, values.next().and_then(Result::ok).unwrap_or(Value::Null)))
}

/// A board's delta; its position stands as `seq`, as in an answer.
fn frame(data: &[u8]) -> Option<(u16, Value)> {
    let text = String::from_utf8_lossy(data);
    let from = text.find("{\"event\":\"delta\"")?;
    let mut values = serde_json::Deserializer::from_str(text.get(from..)?).into_iter::<Value>();
    let delta = values.next()?.ok()?;
    Some((0, serde_json::json!({ "seq": delta["to"] })))
}
