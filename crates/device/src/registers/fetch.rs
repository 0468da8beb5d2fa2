//! Fetching what the server has anew, as a task of its own beside the outbox: a register may take its time on a weak link, and
//! no upload waits for it. Lines go into the encrypted database as they come, in one transaction that is kept only if the
//! digest of all of them is the one that the answer's tag names. What a crash or a cut leaves is the register before.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use fieldseal_packet::Sha256Writer;
use fieldseal_vault::registers::{self as store, NewPoint, NewTicket};
use fieldseal_wire::registers::{MOST_LINE, MOST_ROWS, Point, Register, Ticket};
use rusqlite::Transaction;
use tokio::sync::mpsc;

use super::place_of_point;
use crate::core::{Core, lock};
use crate::http::{Client, HttpError, Lines, RegisterAnswer};
use crate::problem::{Code, Problem};

/// How often it is looked whether it is time.
const LOOK_UP: Duration = Duration::from_millis(2_000);
/// Between two questions for news.
const EVERY_MS: i64 = 15 * 60 * 1000;
/// After one that failed.
const AGAIN_MS: i64 = 60_000;
/// Pieces of an answer that wait to be written.
const WAITING: usize = 8;

/// Asks for news until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    super::map::begin(&core);
    let every = core
        .config
        .heartbeat_ms
        .map_or(EVERY_MS, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
    let mut due_at = i64::MIN;
    let look_up = LOOK_UP.min(Duration::from_millis(
        u64::try_from(every).unwrap_or(1).max(1),
    ));
    while !core.line.stopping() {
        tokio::time::sleep(look_up).await;
        let now = i64::try_from(core.platform.boot().ms).unwrap_or(i64::MAX);
        if now < due_at || !ready(&core) {
            continue;
        }
        due_at = match refresh(&core).await {
            Ok(()) => now.saturating_add(every),
            Err(problem) => {
                tracing::debug!(
                    code = problem.code().as_str(),
                    "registers could not be fetched"
                );
                now.saturating_add(AGAIN_MS.min(every))
            }
        };
    }
}

/// The vault is open, and the server was in reach a moment ago.
fn ready(core: &Core) -> bool {
    core.line.loaded() && lock(&core.line.outbox).online() && core.open_vault().is_ok()
}

async fn refresh(core: &Arc<Core>) -> Result<(), Problem> {
    let identity = core.identity()?;
    let client = core.web.server(&identity.server);
    let signer = core.device_signer()?;
    let token = client.token(&identity.origin, &*signer).await?.token;
    for register in Register::ALL {
        fetch(core, &client, &token, register).await?;
    }
    super::map::fetch(core, &client, &token).await
}

async fn fetch(
    core: &Arc<Core>,
    client: &Client,
    token: &str,
    register: Register,
) -> Result<(), Problem> {
    let known = core.registers_read(|c| Ok(store::head(c, register.as_str())?))?;
    let known = known.map(|head| head.tag);
    let answer = match client.register(register, known.as_deref(), token).await {
        // A server from before there were registers.
        Err(HttpError::Refused { status: 404, .. }) => return Ok(()),
        answer => answer?,
    };
    let RegisterAnswer::New(version, tag, mut lines) = answer else {
        return Ok(());
    };
    let (give, take) = mpsc::channel(WAITING);
    let this = core.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let news = News {
            register,
            version,
            tag,
        };
        this.take_register(&news, take)
    });
    let sent = send(&mut lines, give).await;
    let written = writing
        .await
        .map_err(|error| Problem::because(Code::Internal, error))?;
    sent?;
    written
}

/// Hands the answer over piece by piece. A cut drops the sender without the last word.
async fn send(lines: &mut Lines, give: mpsc::Sender<Option<Vec<u8>>>) -> Result<(), HttpError> {
    while let Some(piece) = lines.next().await? {
        if give.send(Some(piece)).await.is_err() {
            // The writer has given up, and says why itself.
            return Ok(());
        }
    }
    let _ = give.send(None).await;
    Ok(())
}

/// What is being taken in.
struct News {
    register: Register,
    version: u64,
    tag: String,
}

impl Core {
    fn take_register(
        &self,
        news: &News,
        mut pieces: mpsc::Receiver<Option<Vec<u8>>>,
    ) -> Result<(), Problem> {
        self.open_vault()?.registers_write(|tx| {
            match news.register {
                Register::Points => store::clear_points(tx)?,
                Register::Tickets => store::clear_tickets(tx)?,
            }
            let mut taken = Taken::new(news.register);
            loop {
                if self.line.stopping() {
                    return Err(Code::Offline.into());
                }
                match pieces.blocking_recv() {
                    Some(Some(piece)) => taken.piece(tx, &piece)?,
                    Some(None) => break,
                    None => return Err(Code::Offline.into()),
                }
            }
            let (rows, tag) = taken.finish()?;
            if tag != news.tag {
                return Err(Code::ServerAnswer.into());
            }
            let head = store::Head {
                version: news.version,
                tag,
                rows,
                fetched_at: self.platform.now(),
            };
            Ok(store::set_head(tx, news.register.as_str(), &head)?)
        })
    }
}

/// Lines on their way into the database.
struct Taken {
    register: Register,
    digest: Sha256Writer,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    rows: u64,
}

impl Taken {
    fn new(register: Register) -> Self {
        Self {
            register,
            digest: Sha256Writer::new(),
            rest: Vec::new(),
            rows: 0,
        }
    }

    fn piece(&mut self, tx: &Transaction<'_>, piece: &[u8]) -> Result<(), Problem> {
        // A hash takes every write.
        let _ = self.digest.write_all(piece);
        let mut piece = piece;
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (head, tail) = piece.split_at(end);
            piece = tail.get(1..).unwrap_or_default();
            if self.rest.is_empty() {
                self.line(tx, head)?;
            } else {
                let mut line = std::mem::take(&mut self.rest);
                line.extend_from_slice(head);
                self.line(tx, &line)?;
            }
        }
        self.rest.extend_from_slice(piece);
        if self.rest.len() > MOST_LINE {
            return Err(Code::ServerAnswer.into());
        }
        Ok(())
    }

    fn line(&mut self, tx: &Transaction<'_>, line: &[u8]) -> Result<(), Problem> {
        self.rows += 1;
        if self.rows > MOST_ROWS || line.len() > MOST_LINE {
            return Err(Code::ServerAnswer.into());
        }
        let row = Row::read(self.register, line).ok_or(Code::ServerAnswer)?;
        Ok(row.put(tx)?)
    }

    fn finish(self) -> Result<(u64, String), Problem> {
        if !self.rest.is_empty() {
            return Err(Code::ServerAnswer.into());
        }
        Ok((self.rows, format!("\"{}\"", self.digest.finish())))
    }
}

/// One line of a register, as a server gave it.
pub(crate) enum Row<'a> {
    Point(Point, &'a str),
    Ticket(Ticket, &'a str),
}

impl<'a> Row<'a> {
    /// None: no line of this register.
    pub fn read(register: Register, line: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?;
        Some(match register {
            Register::Points => Self::Point(serde_json::from_str(text).ok()?, text),
            Register::Tickets => Self::Ticket(serde_json::from_str(text).ok()?, text),
        })
    }

    fn put(&self, tx: &Transaction<'_>) -> Result<(), fieldseal_vault::StoreError> {
        match self {
            Self::Point(point, line) => {
                let words = [&point.name, &point.address, &point.compound];
                let words: Vec<&str> = words.into_iter().filter_map(Option::as_deref).collect();
                let new = NewPoint {
                    number: &point.number,
                    kind: point.kind.as_deref(),
                    done: point.done,
                    place: place_of_point(point),
                    words: &words,
                    line,
                };
                store::add_point(tx, &new)
            }
            Self::Ticket(ticket, line) => {
                let words = [&ticket.what, &ticket.address, &ticket.point];
                let words: Vec<&str> = words.into_iter().filter_map(Option::as_deref).collect();
                let new = NewTicket {
                    number: &ticket.number,
                    point: ticket.point.as_deref(),
                    due: ticket.due.as_deref(),
                    words: &words,
                    line,
                };
                store::add_ticket(tx, &new)
            }
        }
    }
}
