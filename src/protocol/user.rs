//! Users of connections: read from the `user_data` that an application signed.

use super::channel::MAX_USER_ID_LENGTH;
use super::presence::user_id;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// Users that one connection can watch.
pub const MAX_WATCHED: usize = 100;

/// Who a connection is signed in as.
#[derive(Debug, Clone)]
pub struct User {
    /// Never empty.
    pub id: Arc<str>,
    /// The JSON text of `user_info`, `null` if the application gave none.
    pub info: Arc<str>,
    /// Whose coming and going the user wants to know; [`MAX_WATCHED`] at most, each once.
    pub watchlist: Vec<Arc<str>>,
    /// Whether the application named more than that.
    pub is_watchlist_cut: bool,
}

#[derive(Deserialize)]
struct UserData<'a> {
    id: Option<String>,
    #[serde(borrow)]
    user_info: Option<&'a RawValue>,
    #[serde(borrow)]
    watchlist: Option<Vec<&'a RawValue>>,
}

impl User {
    /// Reads the text that the application signed. The id must be a string: pusher-js gives up where it is not. Those in the
    /// watchlist may be integers too, as an application has them in its database.
    ///
    /// # Errors
    /// A sentence for the developer that says what is wrong.
    pub fn from_user_data(user_data: &str) -> Result<Self, String> {
        let data: UserData<'_> = serde_json::from_str(user_data)
            .map_err(|error| {
            format!("it must be a JSON object with an id that is a string, and a list of ids for a watchlist ({error})")
        })?;
        let id = data.id.filter(|id| !id.is_empty()).ok_or("it must hold an id that is not empty")?;
        if id.chars().count() > MAX_USER_ID_LENGTH {
            return Err(format!("the id is longer than {MAX_USER_ID_LENGTH} characters"));
        }
        let mut watchlist: Vec<Arc<str>> = Vec::new();
        let mut is_watchlist_cut = false;
        for watched in data.watchlist.unwrap_or_default() {
            let watched =
                user_id(watched.get()).ok_or("each id of the watchlist must be a string or an integer")?;
            if watchlist.iter().any(|known| **known == *watched) {
                continue;
            }
            is_watchlist_cut = watchlist.len() == MAX_WATCHED;
            if is_watchlist_cut {
                break;
            }
            watchlist.push(watched.into());
        }
        let info = data.user_info.map_or("null", RawValue::get).into();
        Ok(Self { id: id.into(), info, watchlist, is_watchlist_cut })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_info_and_watchlist_are_read() {
        let user = r#"{"id":"31","user_info":{"n":1.0},"watchlist":["7","9","7"]}"#;
        let user = User::from_user_data(user).unwrap();
        assert_eq!((&*user.id, &*user.info), ("31", r#"{"n":1.0}"#));
        assert_eq!(user.watchlist, ["7".into(), "9".into()]);
        assert!(!user.is_watchlist_cut);
        assert_eq!(
            User::from_user_data(r#"{"id":"31","watchlist":[7,"9"]}"#).unwrap().watchlist,
            user.watchlist
        );
        assert!(User::from_user_data(r#"{"id":"31","watchlist":null}"#).unwrap().watchlist.is_empty());
    }

    #[test]
    fn a_long_watchlist_is_cut_and_said_to_be() {
        let ids = |count: usize| (0..count).map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
        let watched = |count| {
            let user =
                User::from_user_data(&format!(r#"{{"id":"1","watchlist":[{}]}}"#, ids(count))).unwrap();
            (user.watchlist.len(), user.is_watchlist_cut)
        };
        assert_eq!(watched(100), (100, false));
        assert_eq!(watched(101), (100, true));
    }

    #[test]
    fn unusable_user_data_is_refused() {
        for data in [
            "",
            "{}",
            r#"{"id":""}"#,
            r#"{"id":31}"#,
            r#"{"id":null}"#,
            "[]",
            r#"{"id":"31","watchlist":[[7]]}"#,
        ] {
            assert!(User::from_user_data(data).is_err(), "{data}");
        }
        let long = |count| format!(r#"{{"id":"{}"}}"#, "é".repeat(count));
        assert!(User::from_user_data(&long(129)).is_err());
        assert!(User::from_user_data(&long(128)).is_ok());
    }
}
