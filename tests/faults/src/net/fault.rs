//! What can go wrong between a tablet and its server, and in the middle of what.

/// What the network does to an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens.
    Refuse,
    /// The connection is reset behind the request's head.
    Reset,
    /// The other side is gone, and nobody says so: nothing is read, nothing comes.
    HalfOpen,
    /// The answer begins and does not go on.
    Stall,
    /// Every answer takes a while.
    Slow,
    /// Everything comes byte by byte.
    OneByte,
    /// The connection ends in the middle of a body.
    CutMidBody,
    /// The server has done it; its answer is lost.
    CutBeforeAnswer,
    /// The server gets the request twice.
    Duplicate,
    /// A gateway without its server: 502 and a page.
    BadGateway,
    /// A sign-in page in place of every answer.
    Captive,
    /// A redirection to a sign-in page.
    Redirect,
    /// A certificate that nobody vouches for.
    BadTls,
    /// 256 kbit/s.
    Thin,
}

impl Fault {
    pub const ALL: [Self; 14] = [
        Self::Refuse,
        Self::Reset,
        Self::HalfOpen,
        Self::Stall,
        Self::Slow,
        Self::OneByte,
        Self::CutMidBody,
        Self::CutBeforeAnswer,
        Self::Duplicate,
        Self::BadGateway,
        Self::Captive,
        Self::Redirect,
        Self::BadTls,
        Self::Thin,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::HalfOpen => "half-open",
            Self::Stall => "stall",
            Self::Slow => "slow",
            Self::OneByte => "one-byte",
            Self::CutMidBody => "cut-mid-body",
            Self::CutBeforeAnswer => "cut-before-answer",
            Self::Duplicate => "duplicate",
            Self::BadGateway => "502-html",
            Self::Captive => "captive-200",
            Self::Redirect => "redirect",
            Self::BadTls => "bad-tls",
            Self::Thin => "256-kbit",
        }
    }

    /// Whether work goes on while it lasts.
    pub fn is_passable(self) -> bool {
        matches!(
            self,
            Self::Slow | Self::OneByte | Self::Duplicate | Self::Thin
        )
    }

    /// The same in a phase: where the last chunk arrives and only its answer is lost, the next question goes on.
    pub fn is_passable_in(self, phase: Phase) -> bool {
        let arrives = matches!(self, Self::Stall | Self::CutBeforeAnswer);
        self.is_passable() || (phase == Phase::Finalise && arrives)
    }

    /// Causes that are true while it lasts; with a passable one also none.
    pub fn true_causes(self) -> &'static [&'static str] {
        match self {
            Self::Slow | Self::OneByte | Self::Thin => &[],
            // The second of two equal chunks is refused by its offset.
            Self::Duplicate => &["server-error"],
            Self::Captive | Self::Redirect => &["captive-portal"],
            // The connection under way is cut first.
            Self::BadTls => &["certificate", "offline"],
            Self::BadGateway => &["offline", "server-error", "server-busy"],
            _ => &["offline"],
        }
    }

    /// Codes with which an enrolment may fail while it lasts.
    pub fn true_problems(self) -> &'static [&'static str] {
        match self {
            Self::Slow | Self::OneByte | Self::Thin | Self::Duplicate => &[],
            Self::Captive | Self::Redirect => &["captive-portal"],
            Self::BadTls => &["certificate", "offline"],
            Self::BadGateway => &["offline", "server-busy"],
            _ => &["offline"],
        }
    }

    /// The cause that must be said before it is lifted; any true one where none is named.
    pub fn needed_cause(self) -> Option<&'static str> {
        (self == Self::BadTls).then_some("certificate")
    }

    /// Everybody on the way meets it, not only the requests of one phase.
    pub fn is_of_the_place(self) -> bool {
        matches!(self, Self::Captive | Self::Redirect)
    }
}

/// What the tablet is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Enrol,
    /// The packet's upload is created.
    Create,
    /// A chunk that is not the last.
    Chunk,
    /// The last chunk.
    Finalise,
    /// "Where is it?", once all bytes are there: receipt and proof.
    Receipt,
    /// "Where is it?" before.
    List,
}

impl Phase {
    pub const ALL: [Self; 6] = [
        Self::Enrol,
        Self::Create,
        Self::Chunk,
        Self::Finalise,
        Self::Receipt,
        Self::List,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Create => "create",
            Self::Chunk => "chunk",
            Self::Finalise => "finalise",
            Self::Receipt => "receipt",
            Self::List => "list",
        }
    }
}
