//! Profiles of people: reading anybody's, changing one's own.
//!
//! Checks a change against the limits and the app's settings and tells the owner's other instances.
//! Does not know who is connected, nor how a profile is stored.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};
use tim_protocol::{
    call::{GetProfiles, Profiles},
    code::Code,
    frame,
    ids::UserId,
    limits,
    push::ProfilesChanged,
    user::{Profile, ProfileChange},
};

use super::{Refusal, Service, sessions::Session};
use crate::{bus::Event, config::App};

/// Reads a change of a profile, or says what is wrong with it by its number.
fn read_change(json: &str) -> Result<ProfileChange, Code> {
    match serde_json::from_str::<ProfileChange>(json) {
        Ok(change) if change.is_valid() => Ok(change),
        Ok(change) => Err(invalid(&change)),
        Err(_) => Err(unreadable(json)),
    }
}

/// Every field has its type; which rule was broken?
fn invalid(change: &ProfileChange) -> Code {
    let too_long = |text: &Option<String>, bytes| text.as_ref().is_some_and(|it| it.len() > bytes);
    let fields = change.profile_custom_field.iter().flatten();
    if *change == ProfileChange::default() {
        Code::MALFORMED_REQUEST
    } else if too_long(&change.nick, limits::PROFILE_TEXT_BYTES)
        || too_long(&change.avatar, limits::PROFILE_TEXT_BYTES)
        || too_long(&change.self_signature, limits::PROFILE_TEXT_BYTES)
        || too_long(&change.location, limits::PROFILE_LOCATION_BYTES)
        || fields.map(|it| it.value.len()).any(|bytes| bytes > limits::PROFILE_TEXT_BYTES)
    {
        Code::PROFILE_FIELD_TOO_LONG
    } else {
        Code::PROFILE_FIELD_BAD_VALUE
    }
}

/// A field has a wrong type, or a word that is not in its set.
fn unreadable(json: &str) -> Code {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(json) else {
        return Code::MALFORMED_REQUEST;
    };
    let has_wrong_type = fields.iter().any(|(name, value)| match name.as_str() {
        "nick" | "avatar" | "selfSignature" | "location" | "gender" | "allowType"
        | "adminForbidType" => !value.is_string(),
        "birthday" | "language" | "level" | "role" | "messageSettings" => !value.is_number(),
        "profileCustomField" => !value.is_array(),
        _ => false,
    });
    if has_wrong_type { Code::PROFILE_FIELD_BAD_TYPE } else { Code::PROFILE_FIELD_BAD_VALUE }
}

/// Whether users of this app may write what the change writes.
fn is_writable(app: &App, change: &ProfileChange) -> bool {
    let fields = change.profile_custom_field.iter().flatten();
    (change.admin_forbid_type.is_none() || app.user_may_set_admin_forbid_type)
        && fields.map(|it| it.key.as_str()).all(|key| app.custom_field(key).user_write)
}

impl Service {
    /// Profiles of people, in the order asked, once per mention.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profiles(
        &self,
        session: &Session,
        request: GetProfiles,
    ) -> Result<Profiles, Refusal> {
        let app = &session.person.app;
        let asked = request.user_id_list.iter().take(limits::PROFILES_COUNT);
        let asked: Vec<UserId> = asked.filter_map(|it| it.parse().ok()).collect();
        let mut known = HashMap::new();
        if !asked.is_empty() {
            for profile in self.storage.profiles(i64::from(app.sdk_app_id), &asked).await? {
                known.insert(profile.user_id.clone(), app.readable_by_users(profile));
            }
        }
        let profiles = asked.iter().filter_map(|it| known.get(it).cloned()).collect();
        Ok(Profiles { profiles })
    }

    /// Changes one's own profile; `done` is told how it is afterwards, once.
    pub async fn update_profile(
        self: &Arc<Self>,
        session: &Session,
        change: &str,
        done: impl FnOnce(Result<Profile, Refusal>) + Send + 'static,
    ) {
        let person = Arc::clone(&session.person);
        let change = match read_change(change) {
            Ok(change) if is_writable(&person.app, &change) => change,
            Ok(_) => return done(Err(Code::PROFILE_FIELD_NOT_WRITABLE.into())),
            Err(code) => return done(Err(code.into())),
        };
        let (service, origin, account) = (Arc::clone(self), session.key, person.key);
        let apply = move |profile: &mut Profile| {
            change.apply_to(profile);
            profile.profile_custom_field.len() <= limits::PROFILE_CUSTOM_FIELDS
        };
        let then = move |result| match result {
            Ok(None) => done(Err(Code::PROFILE_FIELD_TOO_LONG.into())),
            Ok(Some((profile, differs))) => {
                person.show(&profile);
                let profile = person.app.readable_by_users(profile);
                if differs {
                    let changed = ProfilesChanged { profiles: vec![profile.clone()] };
                    let text = frame::push(ProfilesChanged::NAME, &changed).into();
                    let event = Event::Frame { text, except: Some(origin) };
                    service.bus.publish(person.key, event);
                }
                done(Ok(profile));
            }
            Err(error) => done(Err(Refusal::from(error))),
        };
        self.storage.change_profile(account, apply, then).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_mistake_has_its_number() {
        let code = |json: &str| read_change(json).unwrap_err();
        assert!(read_change(r#"{"nick":"Ann","gender":"Gender_Type_Female"}"#).is_ok());
        assert_eq!(code("{}"), Code::MALFORMED_REQUEST);
        assert_eq!(code("[]"), Code::MALFORMED_REQUEST);
        assert_eq!(code(r#"{"nick":1}"#), Code::PROFILE_FIELD_BAD_TYPE);
        assert_eq!(code(r#"{"nick":null}"#), Code::PROFILE_FIELD_BAD_TYPE);
        assert_eq!(code(r#"{"birthday":"1"}"#), Code::PROFILE_FIELD_BAD_TYPE);
        assert_eq!(code(r#"{"gender":"male"}"#), Code::PROFILE_FIELD_BAD_VALUE);
        assert_eq!(code(r#"{"birthday":-1}"#), Code::PROFILE_FIELD_BAD_VALUE);
        assert_eq!(code(r#"{"messageSettings":2}"#), Code::PROFILE_FIELD_BAD_VALUE);
        assert_eq!(code(r#"{"nickname":"Ann"}"#), Code::PROFILE_FIELD_BAD_VALUE);
        let long = format!(r#"{{"nick":"{}"}}"#, "n".repeat(501));
        assert_eq!(code(&long), Code::PROFILE_FIELD_TOO_LONG);
    }
}
