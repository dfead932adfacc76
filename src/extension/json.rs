//! PHP values as JSON: the form in which settings are understood, whether they come from PHP or not.

use ext_php_rs::types::{ZendHashTable, Zval};
use serde_json::{Map, Number, Value};

use super::zend;

/// Deeper than any settings go; an array that contains itself is endless.
const DEEPEST: usize = 16;

/// A JSON object from an array, whatever its keys are.
pub(super) fn object(array: &ZendHashTable) -> Result<Value, String> {
    entries(array, "", 0).map(Value::Object)
}

fn value(value: &Zval, place: &str, depth: usize) -> Result<Value, String> {
    let value = value.indirect().unwrap_or(value).dereference();
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(bool) = value.bool() {
        return Ok(Value::Bool(bool));
    }
    if let Some(long) = value.long() {
        return Ok(Value::Number(long.into()));
    }
    if let Some(double) = value.double() {
        let number = Number::from_f64(double).ok_or_else(|| format!("{place}: {double} is no number"))?;
        return Ok(Value::Number(number));
    }
    if let Some(text) = value.zend_str() {
        let text =
            std::str::from_utf8(text.as_bytes()).map_err(|_| format!("{place}: the string is not UTF-8"))?;
        return Ok(Value::String(text.to_owned()));
    }
    let Some(array) = value.array() else {
        return Err(format!("{place}: a value of type {} cannot be a setting", zend::type_name(value)));
    };
    if depth == DEEPEST {
        return Err(format!("{place}: arrays more than {DEEPEST} deep cannot be settings"));
    }
    if array.has_sequential_keys() {
        let items = array.values().enumerate().map(|(index, item)| item_at(item, place, &index, depth));
        return items.collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    entries(array, place, depth).map(Value::Object)
}

fn entries(array: &ZendHashTable, place: &str, depth: usize) -> Result<Map<String, Value>, String> {
    let entries = array.iter().map(|(key, item)| {
        let key = key.to_string();
        let item = item_at(item, place, &key, depth)?;
        Ok((key, item))
    });
    entries.collect()
}

fn item_at(item: &Zval, place: &str, key: &dyn std::fmt::Display, depth: usize) -> Result<Value, String> {
    let place = if place.is_empty() { key.to_string() } else { format!("{place}.{key}") };
    value(item, &place, depth + 1)
}
