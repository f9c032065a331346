//! A loopback server that answers as a test says, for all services of AWS's.

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `X-Amz-Target`, or the `Action` of the query protocol.
    pub(crate) operation: String,
    pub(crate) authorization: String,
    pub(crate) body: Vec<u8>,
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/x-amz-json-1.1", body: body.to_string().into_bytes() }
    }
}

/// The server. Its threads end with the process.
pub(crate) struct AwsService {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    answer: fn(&Request) -> Answer,
    requests: Mutex<Vec<Request>>,
}

impl AwsService {
    pub(crate) fn start(answer: fn(&Request) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { answer, requests: Mutex::default() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some((method, request)) = read(&mut reader) {
            self.requests.lock().unwrap().push(request.clone());
            let answer = (self.answer)(&request);
            let head = format!(
                "HTTP/1.1 {} x\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
                answer.status,
                answer.content_type,
                answer.body.len()
            );
            let body = if method == "HEAD" { &[][..] } else { &answer.body };
            if (&stream).write_all(&[head.as_bytes(), body].concat()).is_err() {
                break;
            }
        }
    }
}

/// The next request of a connection, and its method.
fn read(reader: &mut impl std::io::BufRead) -> Option<(String, Request)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split(' ');
    let method = words.next()?.to_owned();
    let mut request = Request { operation: String::new(), authorization: String::new(), body: Vec::new() };
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => request.operation = value.to_owned(),
            "authorization" => request.authorization = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    if request.operation.is_empty() {
        let body = String::from_utf8_lossy(&request.body);
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        request.operation = action.unwrap_or_default().to_owned();
    }
    Some((method, request))
}
