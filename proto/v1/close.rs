//! Close codes of both sockets: one table, printed in `README.md`. Must not be here: closing anything.

/// Why the server closes a socket. The number goes on the wire, the reason beside it in English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The client closed, or nothing is wrong.
    Normal,
    /// The server stops; come back with jitter.
    GoingAway,
    /// The frames break RFC 6455.
    Protocol,
    /// A text, or the reason of a close frame, is not UTF-8.
    NotText,
    /// A frame or message is larger than allowed.
    TooBig,
    /// A defect was caught.
    Internal,
    /// Signed out, or the session has ended: sign in again.
    SignedOut,
    /// Queued frames made no progress: come back and resume.
    Slow,
    /// No pong in time.
    NoPong,
    /// Too many sockets of this origin or node; try later.
    TooManySockets,
    /// More frames than allowed.
    TooManyFrames,
}

impl CloseCode {
    /// Every code, ascending.
    pub const ALL: [Self; 11] = [
        Self::Normal,
        Self::GoingAway,
        Self::Protocol,
        Self::NotText,
        Self::TooBig,
        Self::Internal,
        Self::SignedOut,
        Self::Slow,
        Self::NoPong,
        Self::TooManySockets,
        Self::TooManyFrames,
    ];

    /// The number on the wire. 1000..=1011 are RFC 6455's, 4000 and above this protocol's.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::TooBig => 1009,
            Self::Internal => 1011,
            Self::SignedOut => 4001,
            Self::Slow => 4008,
            Self::NoPong => 4009,
            Self::TooManySockets => 4028,
            Self::TooManyFrames => 4029,
        }
    }

    /// The reason sent beside the number.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::GoingAway => "going away",
            Self::Protocol => "protocol error",
            Self::NotText => "not text",
            Self::TooBig => "too big",
            Self::Internal => "internal error",
            Self::SignedOut => "signed out",
            Self::Slow => "slow",
            Self::NoPong => "no pong",
            Self::TooManySockets => "too many sockets",
            Self::TooManyFrames => "too many frames",
        }
    }

    /// Whether a client should come back by itself, with its position.
    #[must_use]
    pub const fn retry(self) -> bool {
        match self {
            Self::GoingAway | Self::Internal | Self::Slow | Self::NoPong | Self::TooManySockets => true,
            Self::Normal | Self::Protocol | Self::NotText | Self::TooBig | Self::SignedOut | Self::TooManyFrames => {
                false
            }
        }
    }
}
