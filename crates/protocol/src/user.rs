//! The profile of a person.
//!
//! Values with their default are left out of the JSON; the public object has every key. When this
//! copy was refreshed (`lastUpdatedTime`) is the reader's own knowledge and not here.

use serde::{Deserialize, Serialize};

use crate::{
    ids::UserId,
    is_default,
    json::{Bad, FromJson, Json, ObjectReader},
    json_names, json_object, limits,
};

/// What people see of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Whose profile it is.
    #[serde(rename = "userID")]
    pub user_id: UserId,
    /// At most 500 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nick: String,
    /// Empty or a `GENDER_*` value.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gender: Gender,
    /// By convention yyyymmdd.
    #[serde(default, skip_serializing_if = "is_default")]
    pub birthday: u32,
    /// At most 16 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub location: String,
    /// At most 500 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub self_signature: String,
    /// How others may add this person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_type: AllowType,
    /// Meaning defined by the app.
    #[serde(default, skip_serializing_if = "is_default")]
    pub language: u32,
    /// A URL by convention, at most 500 bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub avatar: String,
    /// 1: no offline push at all.
    #[serde(default, skip_serializing_if = "is_default")]
    pub message_settings: u32,
    /// Whether this person may send friend requests.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admin_forbid_type: AdminForbidType,
    /// Meaning defined by the app.
    #[serde(default, skip_serializing_if = "is_default")]
    pub level: u32,
    /// Meaning defined by the app.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: u32,
    /// Only fields that have a value, sorted by key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub profile_custom_field: Vec<CustomField>,
}

json_object!(Profile {
    user_id: "userID",
    nick: "nick",
    gender: "gender",
    birthday: "birthday",
    location: "location",
    self_signature: "selfSignature",
    allow_type: "allowType",
    language: "language",
    avatar: "avatar",
    message_settings: "messageSettings",
    admin_forbid_type: "adminForbidType",
    level: "level",
    role: "role",
    profile_custom_field: "profileCustomField",
});

/// One field of the app's own in a profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomField {
    /// `Tag_Profile_Custom_` and 1–8 letters or digits.
    pub key: String,
    /// At most 500 bytes.
    pub value: String,
}

json_object!(full CustomField { key: "key", value: "value" });

impl FromJson for CustomField {
    fn blank() -> Self {
        Self { key: String::new(), value: String::new() }
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.key.fill(json.get("key").ok_or("key")?)?;
        self.value.fill(json.get("value").ok_or("value")?)
    }
}

/// `profile.gender`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gender {
    /// Never set.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// `GENDER_UNKNOWN`
    #[serde(rename = "Gender_Type_Unknown")]
    Unknown,
    /// `GENDER_FEMALE`
    #[serde(rename = "Gender_Type_Female")]
    Female,
    /// `GENDER_MALE`
    #[serde(rename = "Gender_Type_Male")]
    Male,
}

json_names!(Gender {
    Unset: "",
    Unknown: "Gender_Type_Unknown",
    Female: "Gender_Type_Female",
    Male: "Gender_Type_Male",
});

/// `profile.allowType`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AllowType {
    /// `ALLOW_TYPE_ALLOW_ANY`
    #[default]
    #[serde(rename = "AllowType_Type_AllowAny")]
    AllowAny,
    /// `ALLOW_TYPE_NEED_CONFIRM`
    #[serde(rename = "AllowType_Type_NeedConfirm")]
    NeedConfirm,
    /// `ALLOW_TYPE_DENY_ANY`
    #[serde(rename = "AllowType_Type_DenyAny")]
    DenyAny,
}

json_names!(AllowType {
    AllowAny: "AllowType_Type_AllowAny",
    NeedConfirm: "AllowType_Type_NeedConfirm",
    DenyAny: "AllowType_Type_DenyAny",
});

/// `profile.adminForbidType`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdminForbidType {
    /// `FORBID_TYPE_NONE`
    #[default]
    #[serde(rename = "AdminForbid_Type_None")]
    None,
    /// `FORBID_TYPE_SEND_OUT`
    #[serde(rename = "AdminForbid_Type_SendOut")]
    SendOut,
}

json_names!(AdminForbidType { None: "AdminForbid_Type_None", SendOut: "AdminForbid_Type_SendOut" });

/// A change of one's own profile: only the fields that are to change.
///
/// Unknown members and `null` are refused, so that a typing error does not look like a success.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileChange {
    /// New nick.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub nick: Option<String>,
    /// New gender.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub gender: Option<Gender>,
    /// New birthday.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub birthday: Option<u32>,
    /// New location.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub location: Option<String>,
    /// New signature.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub self_signature: Option<String>,
    /// New allowType.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub allow_type: Option<AllowType>,
    /// New language.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub language: Option<u32>,
    /// New avatar.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub avatar: Option<String>,
    /// New messageSettings.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub message_settings: Option<u32>,
    /// New adminForbidType; refused unless the app's settings let users write it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub admin_forbid_type: Option<AdminForbidType>,
    /// New level.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub level: Option<u32>,
    /// New role.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub role: Option<u32>,
    /// Fields to set; an empty value removes one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "is_default")]
    pub profile_custom_field: Option<Vec<CustomField>>,
}

json_object!(write ProfileChange {
    nick: "nick",
    gender: "gender",
    birthday: "birthday",
    location: "location",
    self_signature: "selfSignature",
    allow_type: "allowType",
    language: "language",
    avatar: "avatar",
    message_settings: "messageSettings",
    admin_forbid_type: "adminForbidType",
    level: "level",
    role: "role",
    profile_custom_field: "profileCustomField",
});

impl FromJson for ProfileChange {
    fn blank() -> Self {
        Self::default()
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let mut object = ObjectReader::new(json);
        object.member("nick", &mut self.nick);
        object.member("gender", &mut self.gender);
        object.member("birthday", &mut self.birthday);
        object.member("location", &mut self.location);
        object.member("selfSignature", &mut self.self_signature);
        object.member("allowType", &mut self.allow_type);
        object.member("language", &mut self.language);
        object.member("avatar", &mut self.avatar);
        object.member("messageSettings", &mut self.message_settings);
        object.member("adminForbidType", &mut self.admin_forbid_type);
        object.member("level", &mut self.level);
        object.member("role", &mut self.role);
        object.member("profileCustomField", &mut self.profile_custom_field);
        object.end_strictly()
    }
}

/// Reads a member that may be absent but not `null`.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl Profile {
    /// The profile of somebody who never filled anything in.
    #[must_use]
    pub fn empty(user_id: UserId) -> Self {
        Self {
            user_id,
            nick: String::new(),
            gender: Gender::default(),
            birthday: 0,
            location: String::new(),
            self_signature: String::new(),
            allow_type: AllowType::default(),
            language: 0,
            avatar: String::new(),
            message_settings: 0,
            admin_forbid_type: AdminForbidType::default(),
            level: 0,
            role: 0,
            profile_custom_field: Vec::new(),
        }
    }
}

impl ProfileChange {
    /// Whether every field keeps its limit and at least one is there.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let short = |text: &Option<String>, bytes| text.as_ref().is_none_or(|it| it.len() <= bytes);
        *self != Self::default()
            && short(&self.nick, limits::PROFILE_TEXT_BYTES)
            && short(&self.avatar, limits::PROFILE_TEXT_BYTES)
            && short(&self.self_signature, limits::PROFILE_TEXT_BYTES)
            && short(&self.location, limits::PROFILE_LOCATION_BYTES)
            && self.message_settings.is_none_or(|it| it <= 1)
            && self.profile_custom_field.iter().flatten().all(CustomField::is_valid)
    }

    /// Writes the change into a profile. A custom field set twice keeps its last value.
    pub fn apply_to(&self, profile: &mut Profile) {
        fn set<T: Clone>(target: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                target.clone_from(value);
            }
        }
        set(&mut profile.nick, &self.nick);
        set(&mut profile.gender, &self.gender);
        set(&mut profile.birthday, &self.birthday);
        set(&mut profile.location, &self.location);
        set(&mut profile.self_signature, &self.self_signature);
        set(&mut profile.allow_type, &self.allow_type);
        set(&mut profile.language, &self.language);
        set(&mut profile.avatar, &self.avatar);
        set(&mut profile.message_settings, &self.message_settings);
        set(&mut profile.admin_forbid_type, &self.admin_forbid_type);
        set(&mut profile.level, &self.level);
        set(&mut profile.role, &self.role);
        let fields = &mut profile.profile_custom_field;
        for field in self.profile_custom_field.iter().flatten() {
            fields.retain(|it| it.key != field.key);
            if !field.value.is_empty() {
                fields.push(field.clone());
            }
        }
        fields.sort_by(|a, b| a.key.cmp(&b.key));
    }
}

impl CustomField {
    fn is_valid(&self) -> bool {
        let name = self.key.strip_prefix("Tag_Profile_Custom_");
        name.is_some_and(|it| {
            (1..=8).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }) && self.value.len() <= limits::PROFILE_TEXT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_with_anything_wrong_is_refused_whole() {
        let valid = |json: &str| {
            serde_json::from_str::<ProfileChange>(json).is_ok_and(|change| change.is_valid())
        };
        assert!(valid(r#"{"nick":"Ann"}"#));
        assert!(valid(r#"{"profileCustomField":[{"key":"Tag_Profile_Custom_a1","value":""}]}"#));
        for bad in [
            "{}",
            r#"{"nick":null}"#,
            r#"{"nick":1}"#,
            r#"{"nickname":"Ann"}"#,
            r#"{"gender":"male"}"#,
            r#"{"birthday":-1}"#,
            r#"{"birthday":1.5}"#,
            r#"{"messageSettings":2}"#,
            r#"{"location":"12345678901234567"}"#,
            r#"{"profileCustomField":[{"key":"Custom_a","value":""}]}"#,
        ] {
            assert!(!valid(bad), "{bad}");
        }
    }

    #[test]
    fn custom_fields_are_sorted_and_empty_ones_removed() {
        let mut profile = Profile::empty("a".parse().unwrap());
        let field = |key: &str, value: &str| CustomField {
            key: format!("Tag_Profile_Custom_{key}"),
            value: value.to_owned(),
        };
        let change =
            |fields| ProfileChange { profile_custom_field: Some(fields), ..Default::default() };
        change(vec![field("b", "1"), field("a", "2")]).apply_to(&mut profile);
        assert_eq!(profile.profile_custom_field, [field("a", "2"), field("b", "1")]);
        change(vec![field("a", "")]).apply_to(&mut profile);
        assert_eq!(profile.profile_custom_field, [field("b", "1")]);
    }
}
