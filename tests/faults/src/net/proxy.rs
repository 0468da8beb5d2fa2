//! A small TCP proxy between a real tablet and a real server. It reads each request, knows by its line what the tablet is
//! doing, and breaks the exchange as it was told. One request a connection, so that nothing waits in a pipe unseen.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::fault::{Fault, Phase};
use super::message::{Message, page};
use super::tls::Certificates;
use crate::hostile::Forger;

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_millis(120);
/// 256 kbit/s, in pieces of 30 ms.
const THIN_BYTES: usize = 960;
const THIN_EVERY: Duration = Duration::from_millis(30);
/// A server of ours answers sooner; beyond it the proxy gives up.
const UPSTREAM_WITHIN: Duration = Duration::from_secs(30);

/// Both kinds of connection.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// What is to be broken.
#[derive(Clone, Copy)]
struct Plan {
    phase: Phase,
    fault: Fault,
    /// So many requests of the phase pass before.
    pass: u64,
}

struct Shared {
    upstream: SocketAddr,
    /// Where a redirection leads; whoever comes there is counted.
    trap: SocketAddr,
    certificates: Option<Certificates>,
    plan: Mutex<Option<Plan>>,
    forger: Mutex<Option<Arc<Forger>>>,
    hits: AtomicU64,
    trapped: AtomicU64,
    /// Nobody listens.
    deaf: AtomicBool,
    /// The stranger's certificate is shown.
    strange: AtomicBool,
    /// All bytes of the packet are on the server.
    whole: AtomicBool,
    /// `Upload-Length` by the upload's address.
    lengths: Mutex<BTreeMap<String, u64>>,
}

/// A running proxy.
pub struct Proxy {
    shared: Arc<Shared>,
    runtime: tokio::runtime::Runtime,
}

impl Proxy {
    /// Listens at an address, in front of the server. With certificates it speaks TLS.
    pub fn start(
        at: SocketAddr,
        upstream: SocketAddr,
        certificates: Option<Certificates>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("the proxy's threads")?;
        let (listener, trap) = runtime.block_on(async {
            let listener = TcpListener::bind(at).await?;
            Ok::<_, io::Error>((listener, TcpListener::bind("127.0.0.1:0").await?))
        })?;
        let shared = Arc::new(Shared {
            upstream,
            trap: trap.local_addr()?,
            certificates,
            plan: Mutex::new(None),
            forger: Mutex::new(None),
            hits: AtomicU64::new(0),
            trapped: AtomicU64::new(0),
            deaf: AtomicBool::new(false),
            strange: AtomicBool::new(false),
            whole: AtomicBool::new(false),
            lengths: Mutex::default(),
        });
        runtime.spawn(listen(shared.clone(), at, listener));
        runtime.spawn(count(shared.clone(), trap));
        Ok(Self { shared, runtime })
    }

    /// Breaks every exchange of a phase from now on, but for the first few.
    pub fn set(&self, phase: Phase, fault: Fault, pass: u64) {
        *hold(&self.shared.plan) = Some(Plan { phase, fault, pass });
    }

    /// Has every answer of the server pass through a forger, or none any more.
    pub fn lie(&self, forger: Option<Arc<Forger>>) {
        *hold(&self.shared.forger) = forger;
    }

    /// From now on everything passes.
    pub fn lift(&self) {
        *hold(&self.shared.plan) = None;
        self.shared.deaf.store(false, Ordering::SeqCst);
        self.shared.strange.store(false, Ordering::SeqCst);
    }

    /// How many exchanges met the fault.
    pub fn hits(&self) -> u64 {
        self.shared.hits.load(Ordering::SeqCst)
    }

    /// How many followed the redirection.
    pub fn trapped(&self) -> u64 {
        self.shared.trapped.load(Ordering::SeqCst)
    }

    /// Ends it and every connection.
    pub fn stop(self) {
        self.runtime.shutdown_timeout(Duration::from_secs(2));
    }
}

fn hold<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(shared: Arc<Shared>, at: SocketAddr, first: TcpListener) {
    let mut listener = Some(first);
    loop {
        if shared.deaf.load(Ordering::SeqCst) {
            listener = None;
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        }
        let Some(open) = &listener else {
            listener = TcpListener::bind(at).await.ok();
            continue;
        };
        let look_up = Duration::from_millis(5);
        if let Ok(Ok((stream, _))) = tokio::time::timeout(look_up, open.accept()).await {
            tokio::spawn(connection(shared.clone(), stream));
        }
    }
}

async fn count(shared: Arc<Shared>, trap: TcpListener) {
    while trap.accept().await.is_ok() {
        shared.trapped.fetch_add(1, Ordering::SeqCst);
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let Some(certificates) = &shared.certificates else {
        let mut stream = stream;
        if exchange(&shared, &mut stream).await == After::Reset {
            let _ = stream.set_zero_linger();
        }
        return;
    };
    let strange = shared.strange.load(Ordering::SeqCst);
    if strange {
        shared.hits.fetch_add(1, Ordering::SeqCst);
    }
    if let Ok(mut stream) = certificates.accept(stream, strange).await {
        exchange(&shared, &mut stream).await;
        let _ = stream.shutdown().await;
    }
}

/// How a connection ends.
#[derive(Debug, PartialEq, Eq)]
enum After {
    Close,
    Reset,
}

/// One request and what becomes of it. An error of either side ends the connection, as on any network.
async fn exchange(shared: &Shared, client: &mut dyn Wire) -> After {
    broken(shared, client).await.unwrap_or(After::Close)
}

async fn broken(shared: &Shared, client: &mut dyn Wire) -> io::Result<After> {
    let mut client = client;
    let Some(mut request) = Message::read_head(&mut client).await? else {
        return Ok(After::Close);
    };
    let phase = shared.phase(&request);
    let probe = request.request_line().1 == "/healthz";
    let fault = shared.fault(phase, probe);
    if fault.is_some() && !probe {
        shared.hits.fetch_add(1, Ordering::SeqCst);
    }
    match fault {
        Some(Fault::Refuse) => {
            shared.deaf.store(true, Ordering::SeqCst);
            return Ok(After::Reset);
        }
        Some(Fault::Reset) => return Ok(After::Reset),
        Some(Fault::BadTls) => {
            shared.strange.store(true, Ordering::SeqCst);
            return Ok(After::Reset);
        }
        Some(Fault::HalfOpen) => {
            tokio::time::sleep(UPSTREAM_WITHIN).await;
            return Ok(After::Reset);
        }
        _ => {}
    }
    request.read_body(&mut client).await?;
    let request = request.closing();
    match fault {
        Some(Fault::Captive) => {
            let body = "<html><title>Sign in</title>Welcome to the free network.</html>";
            client.write_all(&page("200 OK", "", body)).await?;
        }
        Some(Fault::Redirect) => {
            let location = format!("location: http://{}/login\r\n", shared.trap);
            client.write_all(&page("302 Found", &location, "")).await?;
        }
        Some(Fault::BadGateway) => {
            let body = "<html><h1>502 Bad Gateway</h1></html>";
            client.write_all(&page("502 Bad Gateway", "", body)).await?;
        }
        Some(Fault::CutMidBody) if !request.body.is_empty() => {
            let half = request.head.len() + request.body.len() / 2;
            let mut server = shared.server().await?;
            server.write_all(&request.bytes()[..half]).await?;
            server.flush().await?;
        }
        Some(Fault::CutMidBody) => {
            let answer = shared.ask(&request, &Pace::Whole).await?;
            client.write_all(&answer[..answer.len() * 2 / 3]).await?;
        }
        Some(Fault::CutBeforeAnswer) => {
            shared.ask(&request, &Pace::Whole).await?;
            shared.saw(&request);
        }
        Some(Fault::Stall) => {
            let answer = shared.ask(&request, &Pace::Whole).await?;
            shared.saw(&request);
            client.write_all(&answer[..12.min(answer.len())]).await?;
            client.flush().await?;
            tokio::time::sleep(UPSTREAM_WITHIN).await;
        }
        Some(Fault::Duplicate) => {
            shared.ask(&request, &Pace::Whole).await?;
            shared.pass(&request, client, &Pace::Whole).await?;
        }
        Some(Fault::Slow) => {
            tokio::time::sleep(SLOW).await;
            shared.pass(&request, client, &Pace::Whole).await?;
        }
        Some(Fault::OneByte) => shared.pass(&request, client, &Pace::Byte).await?,
        Some(Fault::Thin) => shared.pass(&request, client, &Pace::Thin).await?,
        _ => shared.pass(&request, client, &Pace::Whole).await?,
    }
    client.flush().await?;
    Ok(After::Close)
}

/// How bytes go over.
enum Pace {
    Whole,
    Byte,
    Thin,
}

impl Pace {
    async fn write(&self, to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Whole => to.write_all(bytes).await?,
            Self::Byte => {
                for byte in bytes {
                    to.write_all(std::slice::from_ref(byte)).await?;
                    to.flush().await?;
                }
            }
            Self::Thin => {
                for piece in bytes.chunks(THIN_BYTES) {
                    to.write_all(piece).await?;
                    to.flush().await?;
                    tokio::time::sleep(THIN_EVERY).await;
                }
            }
        }
        to.flush().await
    }
}

impl Shared {
    /// What is to be done to this exchange.
    fn fault(&self, phase: Option<Phase>, probe: bool) -> Option<Fault> {
        let mut plan = hold(&self.plan);
        let plan = plan.as_mut()?;
        if phase == Some(plan.phase) && plan.pass > 0 {
            plan.pass -= 1;
            return None;
        }
        let met = phase == Some(plan.phase) || (probe && plan.fault.is_of_the_place());
        (met && plan.pass == 0).then_some(plan.fault)
    }

    /// What the tablet is doing, by its request.
    fn phase(&self, request: &Message) -> Option<Phase> {
        let (method, path) = request.request_line();
        match (method.as_str(), path.as_str()) {
            (_, "/trust" | "/api/v1/enrol" | "/api/v1/enrol/lookup") => Some(Phase::Enrol),
            ("POST", "/api/v1/uploads") => Some(Phase::Create),
            ("PATCH", upload) => {
                let end = request.number("upload-offset").unwrap_or(0)
                    + request.number("content-length").unwrap_or(0);
                if hold(&self.lengths).get(upload) == Some(&end) {
                    Some(Phase::Finalise)
                } else {
                    Some(Phase::Chunk)
                }
            }
            ("POST", "/api/v1/packets/status") if self.whole.load(Ordering::SeqCst) => {
                Some(Phase::Receipt)
            }
            ("POST", "/api/v1/packets/status") | (_, "/api/v1/checkpoint") => Some(Phase::List),
            _ => None,
        }
    }

    /// A request reached the server.
    fn saw(&self, request: &Message) {
        if self.phase(request) == Some(Phase::Finalise) {
            self.whole.store(true, Ordering::SeqCst);
        }
    }

    async fn server(&self) -> io::Result<TcpStream> {
        let server = TcpStream::connect(self.upstream).await?;
        server.set_nodelay(true)?;
        Ok(server)
    }

    /// The server's whole answer.
    async fn ask(&self, request: &Message, pace: &Pace) -> io::Result<Vec<u8>> {
        let mut server = self.server().await?;
        pace.write(&mut server, &request.bytes()).await?;
        let mut answer = Vec::new();
        tokio::time::timeout(UPSTREAM_WITHIN, server.read_to_end(&mut answer)).await??;
        self.learn(request, &answer).await;
        Ok(answer)
    }

    /// The address of a new upload, and its length.
    async fn learn(&self, request: &Message, answer: &[u8]) {
        let length = request.number("upload-length");
        let head = Message::read_head(&mut &answer[..]).await;
        if let (Some(length), Ok(Some(head))) = (length, head)
            && let Some(location) = head.header("location")
        {
            hold(&self.lengths).insert(location, length);
        }
    }

    async fn pass(&self, request: &Message, client: &mut dyn Wire, pace: &Pace) -> io::Result<()> {
        let answer = self.ask(request, pace).await?;
        self.saw(request);
        let forger = hold(&self.forger).clone();
        let answer = match forger {
            Some(forger) => forger.forge(request, answer),
            None => answer,
        };
        let mut client = client;
        pace.write(&mut client, &answer).await
    }
}
