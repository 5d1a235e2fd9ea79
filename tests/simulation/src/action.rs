//! Everything that people, apps, browsers and fate do to a tab.

/// One enum for faults and user's actions alike; how long, how much and with which options is drawn when it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    // The app.
    Refresh,
    /// In all tabs at once.
    RefreshEverywhere,
    RefreshNarrower,
    RefreshBriefly,
    GetAccessToken,
    GetLongAccessToken,
    /// One that the caller gives up.
    GiveUp,
    Introspect,
    /// A sign-in of the same or of another user, elsewhere.
    SetTokens,
    /// The tokens that another tab was given, once more.
    SetSameTokens,
    SignOut,
    SignOutLocally,
    OpenClient,
    CloseClient,
    // The user.
    OpenTab,
    Duplicate,
    Reload,
    CloseWindow,
    LookAt,
    Type,
    ClearStorage,
    // The browser.
    Freeze,
    Cache,
    Hang,
    Kill,
    KillAtStep,
    Throttle,
    FillStorage,
    // The device.
    Sleep,
    JumpWall,
    LoseNetwork,
    /// Everything on the wire is cut.
    Cut,
    // The server.
    RevokeAtServer,
}

impl Action {
    pub const ALL: &[Self] = &[
        Self::Refresh,
        Self::RefreshEverywhere,
        Self::RefreshNarrower,
        Self::RefreshBriefly,
        Self::GetAccessToken,
        Self::GetLongAccessToken,
        Self::GiveUp,
        Self::Introspect,
        Self::SetTokens,
        Self::SetSameTokens,
        Self::SignOut,
        Self::SignOutLocally,
        Self::OpenClient,
        Self::CloseClient,
        Self::OpenTab,
        Self::Duplicate,
        Self::Reload,
        Self::CloseWindow,
        Self::LookAt,
        Self::Type,
        Self::ClearStorage,
        Self::Freeze,
        Self::Cache,
        Self::Hang,
        Self::Kill,
        Self::KillAtStep,
        Self::Throttle,
        Self::FillStorage,
        Self::Sleep,
        Self::JumpWall,
        Self::LoseNetwork,
        Self::Cut,
        Self::RevokeAtServer,
    ];

    /// Those that end a session for good, so that a world would be over soon if they came as often as others.
    pub fn is_rare(self) -> bool {
        matches!(
            self,
            Self::SignOut
                | Self::SignOutLocally
                | Self::RevokeAtServer
                | Self::CloseWindow
                | Self::ClearStorage
        )
    }
}
