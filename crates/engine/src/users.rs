//! Profiles: one's own, others', and what arrives of them.

use tim_protocol::{
    call::{GetProfiles, UpdateProfile},
    code::Code,
    ids::{ConversationId, UserId},
    json::{Bad, FromJson, Json},
    limits,
    user::{Profile, ProfileChange},
};

use crate::{
    client::Client,
    error::Error,
    gather::Gather,
    output::{Event, Output, ProfileRef, profile_refs},
    ports::Host,
};

/// Options of `getUserProfile`.
#[derive(Clone, Debug)]
pub struct ProfilesOptions {
    /// Whose.
    pub user_id_list: Vec<String>,
}

impl FromJson for ProfilesOptions {
    fn blank() -> Self {
        Self { user_id_list: Vec::new() }
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        // Must be there, may be empty.
        let list = json.get("userIDList").ok_or("userIDList")?;
        self.user_id_list.fill(list).map_err(|_| "userIDList")
    }
}

impl<H: Host> Client<H> {
    /// One's own profile, from memory.
    ///
    /// # Errors
    /// 2024 when the session ended meanwhile.
    pub fn my_profile(&self) -> Result<ProfileRef, Error> {
        self.with(|state| {
            let me = state.me.as_ref().ok_or(Error::new(Code::USER_NOT_LOGGED_IN))?;
            Ok(ProfileRef { id: me.user_id.clone() })
        })
    }

    /// Profiles of people, from the server; without a link from memory when all are there.
    ///
    /// # Errors
    /// 6017 for entries that are no strings, 2805 without a link.
    pub async fn user_profiles(&self, options: ProfilesOptions) -> Result<Vec<ProfileRef>, Error> {
        let mut asked = options.user_id_list;
        asked.truncate(limits::PROFILES_COUNT);
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        if !self.is_online()
            && let Some(ids) = self.known_profiles(&asked)
        {
            return Ok(profile_refs(&ids));
        }
        let answer = self.ask(&GetProfiles { user_id_list: asked }).await?;
        let ids: Vec<UserId> = answer.profiles.iter().map(|it| it.user_id.clone()).gather();
        for profile in answer.profiles {
            self.refresh_profile(profile);
        }
        Ok(profile_refs(&ids))
    }

    fn known_profiles(&self, asked: &[String]) -> Option<Vec<UserId>> {
        self.with(|state| {
            let mut users = Vec::new();
            for id in asked {
                let user: UserId = id.parse().ok()?;
                let known = user.as_str() == state.my_id()
                    || state
                        .conversations
                        .get(&ConversationId::c2c(&user))
                        .is_some_and(|it| it.peer.is_some());
                users.push(known.then_some(user)?);
            }
            Some(users)
        })
    }

    /// Changes one's own profile.
    ///
    /// # Errors
    /// 6017, 2721, 2722 for the options, else the server's code.
    pub async fn update_my_profile(&self, options: &Json<'_>) -> Result<ProfileRef, Error> {
        let change = read_change(options)?;
        let profile = self.ask(&UpdateProfile(change)).await?;
        self.profile_arrived(profile);
        self.my_profile()
    }

    /// Takes a fresh copy of a profile: own changes raise `PROFILE_UPDATED`.
    pub(crate) fn profile_arrived(&self, profile: Profile) {
        let changed = self.with(|state| {
            state
                .me
                .as_ref()
                .is_some_and(|me| me.user_id == profile.user_id && me.profile != profile)
        });
        let id = profile.user_id.clone();
        self.refresh_profile(profile);
        if changed {
            self.with(|state| state.emit(Event::ProfilesUpdated(vec![id])));
            self.keep_me();
        }
    }

    /// Puts a fresh copy of a profile wherever it is shown.
    fn refresh_profile(&self, profile: Profile) {
        let at = self.host().now_ms();
        let row = ConversationId::c2c(&profile.user_id);
        let shown = self.with(|state| {
            state.say(Output::Profile { p: Box::new(profile.clone()), at });
            let shown = match state.conversations.get_mut(&row) {
                Some(it) if it.peer.as_ref() != Some(&profile) => {
                    let renamed = it.is_renamed_by(Some(&profile));
                    it.peer = Some(profile.clone());
                    if renamed {
                        state.tell_name(&row);
                    }
                    true
                }
                _ => false,
            };
            if shown {
                state.touch(&row);
            }
            if let Some(me) = &mut state.me
                && me.user_id == profile.user_id
            {
                me.profile = profile;
            }
            shown
        });
        if shown {
            self.keep(|keeper| keeper.mark(&row));
        }
    }
}

fn read_change(options: &Json<'_>) -> Result<ProfileChange, Error> {
    if !options.is_object() {
        return Err(Error::invalid("options must be an object"));
    }
    match options.get("profileCustomField").map(Json::as_list) {
        Some(Some([])) => return Err(Error::new(Code::EMPTY_PROFILE_CUSTOM_FIELD)),
        Some(None) => return Err(Error::invalid("profileCustomField must be an array")),
        Some(Some(_)) | None => {}
    }
    let bad = |text: String| Error::with(Code::INVALID_PROFILE_FIELD, text);
    let change = ProfileChange::from_json(options)
        .map_err(|member| bad([member, " is expected, of its type"].concat()))?;
    if change.is_valid() {
        Ok(change)
    } else {
        Err(bad("a field is over its limit, or there is none".to_owned()))
    }
}
