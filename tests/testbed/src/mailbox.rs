//! A mail server that keeps what it is given, and refuses when it is told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it came over the line.
#[derive(Debug, Clone, Default)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body.
    pub text: String,
}

#[derive(Debug)]
pub struct Mailbox {
    pub url: String,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    mails: Mutex<Vec<Received>>,
    refuses: AtomicBool,
    refused: AtomicUsize,
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let kept = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who hangs up in the middle has sent nothing.
                tokio::spawn(converse(stream, kept.clone()));
            }
        });
        Self { url, state }
    }

    pub fn mails(&self) -> Vec<Received> {
        self.state.mails.lock().unwrap().clone()
    }

    /// From now on every mail is put off, as by a server whose disk is full; or taken again.
    pub fn refuse(&self, refuses: bool) {
        self.state.refuses.store(refuses, Ordering::SeqCst);
    }

    /// How many were put off.
    pub fn refused(&self) -> usize {
        self.state.refused.load(Ordering::SeqCst)
    }
}

/// As much of RFC 5321 as a client needs that sends one mail.
async fn converse(stream: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mailbox ready\r\n").await?;
    let mut mail = Received::default();
    while let Some(line) = lines.next_line().await? {
        let upper = line.to_ascii_uppercase();
        let angled = || {
            let inner = line
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'));
            inner.map_or(String::new(), |(address, _)| address.to_owned())
        };
        let says = if upper.starts_with("EHLO") {
            "250-mailbox\r\n250 8BITMIME"
        } else if upper.starts_with("MAIL FROM:") {
            mail.from = angled();
            "250 ok"
        } else if upper.starts_with("RCPT TO:") {
            if state.refuses.load(Ordering::SeqCst) {
                state.refused.fetch_add(1, Ordering::SeqCst);
                "452 no room"
            } else {
                mail.to.push(angled());
                "250 ok"
            }
        } else if upper == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                mail.text.push_str("\r\n");
            }
            state.mails.lock().unwrap().push(std::mem::take(&mut mail));
            "250 kept"
        } else if upper == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "250 ok"
        };
        write.write_all(format!("{says}\r\n").as_bytes()).await?;
    }
    Ok(())
}
