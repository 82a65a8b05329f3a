//! The settings of one app, the tenant: everything the reference keeps in its console and that has
//! an effect here.

use tim_protocol::{
    ids::UserId,
    limits,
    user::{AllowType, Profile},
    usersig::SecretKey,
};

use super::{
    ConfigError,
    source::{Setting, Value},
};

/// One tenant.
#[derive(Clone, Debug)]
pub struct App {
    /// Its number.
    pub sdk_app_id: u32,
    /// For people.
    pub name: String,
    /// Whether anybody may log in.
    pub enabled: bool,
    /// UserSig keys, at most two.
    pub secret_keys: Vec<SecretKey>,
    /// Whether a good UserSig of an unknown user makes the account.
    pub auto_register: bool,
    /// Most accounts; 0 is no limit.
    pub account_max: u64,
    /// Whether sending to an unknown user makes the account.
    pub auto_create_receiver: bool,
    /// Instances of one account at the same time.
    pub max_web_instances: u32,
    /// Days that messages are kept; 0 is for ever.
    pub retention_days: u32,
    /// The same for one-to-one messages alone.
    pub retention_days_c2c: Option<u32>,
    /// Largest payload plus `cloudCustomData`.
    pub max_message_bytes: usize,
    /// One-to-one messages per sender and second.
    pub c2c_send_rate_per_second: u32,
    /// Rows of the conversation list that are sent at login.
    pub conversation_pull_limit: u32,
    /// `allowType` of new accounts.
    pub default_allow_type: AllowType,
    /// Whether users may write `adminForbidType` of their own profile.
    pub user_may_set_admin_forbid_type: bool,
    /// Declared custom fields; none declared means every key may be used.
    pub custom_fields: Vec<CustomFieldRule>,
    /// Whether pages on this machine may get a UserSig for anybody; development only.
    pub issue_user_sig: bool,
}

/// What users may do with a custom field of profiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomFieldRule {
    /// `Tag_Profile_Custom_…`
    pub key: String,
    /// Whether they see it.
    pub user_read: bool,
    /// Whether they change their own.
    pub user_write: bool,
}

impl App {
    /// An app with the defaults of every setting.
    #[must_use]
    pub fn new(sdk_app_id: u32) -> Self {
        Self {
            sdk_app_id,
            name: String::new(),
            enabled: true,
            secret_keys: Vec::new(),
            auto_register: true,
            account_max: 0,
            auto_create_receiver: false,
            max_web_instances: 1,
            retention_days: 0,
            retention_days_c2c: None,
            max_message_bytes: limits::MESSAGE_BODY_BYTES,
            c2c_send_rate_per_second: 100,
            conversation_pull_limit: 100,
            default_allow_type: AllowType::AllowAny,
            user_may_set_admin_forbid_type: false,
            custom_fields: Vec::new(),
            issue_user_sig: false,
        }
    }

    /// How many days one-to-one messages are kept; `None` is for ever.
    #[must_use]
    pub fn c2c_retention_days(&self) -> Option<u32> {
        let days = self.retention_days_c2c.unwrap_or(self.retention_days);
        (days > 0).then_some(days)
    }

    /// The profile a new account begins with.
    #[must_use]
    pub fn new_profile(&self, user_id: UserId) -> Profile {
        Profile { allow_type: self.default_allow_type, ..Profile::empty(user_id) }
    }

    /// What users may do with a custom field. Once some are declared, no others exist.
    #[must_use]
    pub fn custom_field(&self, key: &str) -> CustomFieldRule {
        let open = self.custom_fields.is_empty();
        self.custom_fields.iter().find(|it| it.key == key).cloned().unwrap_or_else(|| {
            CustomFieldRule { key: key.to_owned(), user_read: open, user_write: open }
        })
    }

    /// A profile without the fields that users may not see.
    #[must_use]
    pub fn readable_by_users(&self, mut profile: Profile) -> Profile {
        if !self.custom_fields.is_empty() {
            profile.profile_custom_field.retain(|it| self.custom_field(&it.key).user_read);
        }
        profile
    }

    /// Takes a setting over. Variables spell names in any case, so names differ by letters alone.
    pub(super) fn set(&mut self, setting: Setting) -> Result<(), ConfigError> {
        self.take(&setting.key, &setting.value).map_err(|problem| setting.wrong(problem))
    }

    fn take(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key.to_ascii_lowercase().as_str() {
            // Read beforehand: it tells which app this is.
            "sdkappid" => {}
            "name" => self.name = value.text()?,
            "enabled" => self.enabled = value.bool()?,
            "secretkeys" => self.secret_keys = secret_keys(value)?,
            "account.autoregister" => self.auto_register = value.bool()?,
            "account.max" => self.account_max = value.int(0, 1 << 53)?,
            "autocreatereceiver" => self.auto_create_receiver = value.bool()?,
            "maxwebinstances" => self.max_web_instances = value.int(1, 10)?,
            "retentiondays" => self.retention_days = value.int(0, 3650)?,
            "retentiondaysbytype.c2c" => self.retention_days_c2c = Some(value.int(0, 3650)?),
            "maxmessagebytes" => {
                // Twice in a frame (as JSON in JSON) it must still fit.
                self.max_message_bytes = value.int(1, limits::FRAME_BYTES as i64 / 4)?;
            }
            "c2csendratepersecond" => self.c2c_send_rate_per_second = value.int(1, 1_000_000)?,
            "conversationpulllimit" => self.conversation_pull_limit = value.int(100, 500)?,
            "profile.defaultallowtype" => self.default_allow_type = allow_type(value)?,
            "profile.usermaysetadminforbidtype" => {
                self.user_may_set_admin_forbid_type = value.bool()?;
            }
            "profile.customfields" => self.custom_fields = custom_fields(value)?,
            "dev.issueusersig" => self.issue_user_sig = value.bool()?,
            _ => return Err("there is no such setting of an app".to_owned()),
        }
        Ok(())
    }
}

fn secret_keys(value: &Value) -> Result<Vec<SecretKey>, String> {
    let keys = value.list()?.iter().map(Value::text).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() || keys.len() > 2 || keys.iter().any(|it| it.len() < 16) {
        return Err("must be one or two keys of at least 16 characters".to_owned());
    }
    Ok(keys.into_iter().map(SecretKey::new).collect())
}

fn allow_type(value: &Value) -> Result<AllowType, String> {
    serde_json::from_value(value.text()?.into()).map_err(|_| {
        "must be AllowType_Type_AllowAny, AllowType_Type_NeedConfirm or AllowType_Type_DenyAny"
            .to_owned()
    })
}

fn custom_fields(value: &Value) -> Result<Vec<CustomFieldRule>, String> {
    let rules = value.list()?.iter().map(custom_field).collect::<Result<Vec<_>, _>>()?;
    if rules.len() > limits::PROFILE_CUSTOM_FIELDS {
        return Err(format!("at most {} fields", limits::PROFILE_CUSTOM_FIELDS));
    }
    Ok(rules)
}

fn custom_field(value: &Value) -> Result<CustomFieldRule, String> {
    let Value::Table(members) = value else {
        return Err("each field is a table: { key = \"Tag_Profile_Custom_a\", … }".to_owned());
    };
    let mut rule = CustomFieldRule { key: String::new(), user_read: true, user_write: true };
    for (name, value) in members {
        match name.as_str() {
            "key" => rule.key = value.text()?,
            "userRead" => rule.user_read = value.bool()?,
            "userWrite" => rule.user_write = value.bool()?,
            _ => return Err(format!("a field has no `{name}`")),
        }
    }
    let name = rule.key.strip_prefix("Tag_Profile_Custom_").unwrap_or_default();
    let is_valid =
        (1..=8).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_alphanumeric());
    if is_valid {
        Ok(rule)
    } else {
        Err("a field's key is Tag_Profile_Custom_ and 1 to 8 letters or digits".to_owned())
    }
}
