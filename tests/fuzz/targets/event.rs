//! Queue records: whatever is read was written exactly so, and whatever is written is read as it was.

#![no_main]

use canyon::event::{Draft, Event};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Record(&'a [u8]),
    Draft { app: &'a str, name: &'a str, except: Option<&'a str>, channels: Vec<&'a str>, data: &'a str },
}

fn record(app: &str, name: &str, except: Option<&str>, channels: &[&str], data: &str) -> Option<Vec<u8>> {
    let draft = Draft {
        app: app.as_bytes(),
        channels: channels.iter().map(|channel| channel.as_bytes()),
        name: name.as_bytes(),
        data: data.as_bytes(),
        except: except.map(str::as_bytes),
    };
    let encoded = draft.encode().ok()?;
    let mut record = Vec::new();
    encoded.write(|piece| record.extend_from_slice(piece));
    assert_eq!(record.len(), encoded.len());
    Some(record)
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Record(bytes) => {
            let Ok(event) = Event::decode(bytes) else { return };
            assert!(event.channels.len() > 0);
            assert_eq!(event.channels.len(), event.channels.count());
            let channels: Vec<&str> = event.channels.collect();
            let again = record(event.app, event.name, event.except, &channels, event.data);
            assert_eq!(again.as_deref(), Some(bytes));
        }
        Input::Draft { app, name, except, channels, data } => {
            let Some(bytes) = record(app, name, except, &channels, data) else { return };
            match Event::decode(&bytes) {
                Ok(event) => {
                    assert_eq!((event.app, event.name, event.except, event.data), (app, name, except, data));
                    assert!(event.channels.eq(channels));
                }
                Err(_) => assert!(channels.is_empty()),
            }
        }
    }
});
