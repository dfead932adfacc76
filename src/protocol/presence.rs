//! Members of presence channels: read from `channel_data`, written into the lists and events of the channel.

use super::channel::MAX_USER_ID_LENGTH;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// One user on a presence channel, however many connections the user has there.
#[derive(Debug, Clone)]
pub struct Member {
    /// Always a string on the wire; an application may send an integer.
    pub user_id: Arc<str>,
    /// The JSON text of `user_info`, `null` if the application gave none.
    pub user_info: Arc<str>,
}

#[derive(Deserialize)]
struct ChannelData<'a> {
    #[serde(borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    user_info: Option<&'a RawValue>,
}

impl Member {
    /// Reads the member that an application put into `channel_data`.
    ///
    /// # Errors
    /// A sentence for the developer that says what is wrong.
    pub fn from_channel_data(channel_data: &str) -> Result<Self, String> {
        let data: ChannelData<'_> = serde_json::from_str(channel_data).map_err(|error| {
            format!("channel_data of a presence subscription must be a JSON object with a user_id: {error}")
        })?;
        let user_id = data.user_id.and_then(|raw| user_id(raw.get())).filter(|id| !id.is_empty()).ok_or(
            "channel_data of a presence subscription must hold a user_id that is a string or an integer",
        )?;
        if user_id.chars().count() > MAX_USER_ID_LENGTH {
            return Err(format!("user_id is longer than {MAX_USER_ID_LENGTH} characters"));
        }
        let user_info = data.user_info.map_or("null", RawValue::get);
        if user_info != "null" && !user_info.starts_with('{') {
            return Err(
                "user_info supplied to presence subscription is invalid - if supplied it must be a type \
                        of hash"
                    .to_owned(),
            );
        }
        Ok(Self { user_id: user_id.into(), user_info: user_info.into() })
    }

    /// `{"user_id":…,"user_info":…}`, the data of `member_added`.
    #[must_use]
    pub fn added(&self) -> String {
        format!(r#"{{"user_id":{},"user_info":{}}}"#, quoted(&self.user_id), self.user_info)
    }

    /// What a list of members says of this one.
    #[must_use]
    pub fn listed(&self) -> Listed {
        let id = inside_a_string(&quoted(&self.user_id).to_string());
        let entry = format!("{id}:{}", inside_a_string(&self.user_info));
        Listed { id: id.len(), entry: entry.into() }
    }
}

/// `{"user_id":…}`, the data of `member_removed`.
#[must_use]
pub fn removed(user_id: &str) -> String {
    format!(r#"{{"user_id":{}}}"#, quoted(user_id))
}

/// A member as lists name it: as text of a frame's `data` already, so that a list is put together by copying.
#[derive(Debug, Clone)]
pub struct Listed {
    /// `\"31\":{\"name\":\"Ada\"}`
    entry: Box<str>,
    /// Bytes of `entry` that are the id.
    id: usize,
}

impl Listed {
    /// Takes over a member from another server, by the id and the text that [`Listed::text`] gave there; `None` if the
    /// two do not belong together.
    #[must_use]
    pub fn restore(user_id: &str, text: &str) -> Option<Self> {
        let id = inside_a_string(&quoted(user_id).to_string());
        let is_of_id = text.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with(':'));
        is_of_id.then(|| Self { id: id.len(), entry: text.into() })
    }

    /// How lists name the member.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.entry
    }

    /// Its part of `ids`.
    pub(super) fn id(&self) -> &str {
        &self.entry[..self.id]
    }

    /// Its part of `hash`: `null` where the application gave no `user_info`, for pusher-js counts by `hash`.
    pub(super) fn entry(&self) -> &str {
        &self.entry
    }
}

/// The text as it stands inside a JSON string.
fn inside_a_string(text: &str) -> String {
    let quoted = quoted(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn quoted(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}

/// The id that a JSON text stands for, if it is a string or an integer.
pub(super) fn user_id(raw: &str) -> Option<String> {
    let id = if raw.starts_with('"') {
        serde_json::from_str(raw).ok()?
    } else {
        let digits = raw.strip_prefix('-').unwrap_or(raw);
        let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
        // Every language reads -0 as the number 0: it is the same user.
        is_integer.then(|| if digits == "0" { digits } else { raw }.to_owned())?
    };
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_and_string_ids_become_strings() {
        let id = |data: &str| Member::from_channel_data(data).unwrap().user_id.to_string();
        assert_eq!(id(r#"{"user_id":31}"#), "31");
        assert_eq!(id(r#"{"user_id":"31"}"#), "31");
        assert_eq!((id(r#"{"user_id":-31}"#).as_str(), id(r#"{"user_id":-0}"#).as_str()), ("-31", "0"));
        assert_eq!(id(r#"{"user_id":"-0"}"#), "-0");
        assert_eq!(id(r#"{"user_id":18446744073709551616123}"#), "18446744073709551616123");
        assert_eq!(id(r#"{"user_id":"a\"b"}"#), "a\"b");
    }

    #[test]
    fn user_info_keeps_its_text() {
        let member = Member::from_channel_data(r#"{"user_id":1,"user_info":{"z":{},"a":1.50}}"#).unwrap();
        assert_eq!(member.added(), r#"{"user_id":"1","user_info":{"z":{},"a":1.50}}"#);
        assert_eq!(removed(&member.user_id), r#"{"user_id":"1"}"#);
    }

    #[test]
    fn unusable_channel_data_is_refused_with_the_reason() {
        for data in ["", "[]", "{}", r#"{"user_id":null}"#, r#"{"user_id":""}"#, r#"{"user_id":1.5}"#, "7"] {
            assert!(Member::from_channel_data(data).is_err(), "{data}");
        }
        let refusal = Member::from_channel_data(r#"{"user_id":1,"user_info":"Ada"}"#).unwrap_err();
        assert!(refusal.contains("must be a type of hash"), "{refusal}");
        let long = |count| format!(r#"{{"user_id":"{}"}}"#, "é".repeat(count));
        assert!(Member::from_channel_data(&long(129)).is_err());
        assert!(Member::from_channel_data(&long(128)).is_ok());
    }

    #[test]
    fn a_listed_member_is_text_of_a_string() {
        let listed = |id: &str, info: &str| Member { user_id: id.into(), user_info: info.into() }.listed();
        let ada = listed("31", r#"{"name":"Ada"}"#);
        assert_eq!((ada.id(), ada.entry()), (r#"\"31\""#, r#"\"31\":{\"name\":\"Ada\"}"#));
        let odd = listed("a\"b", "null");
        assert_eq!((odd.id(), odd.entry()), (r#"\"a\\\"b\""#, r#"\"a\\\"b\":null"#));
    }
}
