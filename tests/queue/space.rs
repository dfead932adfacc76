//! A file system without room: an error that says so, never a SIGBUS.

use canyon::queue::{Error, Producer, ProducerOptions};

use crate::place::{Mount, drain, push};

#[test]
fn a_full_file_system_is_an_error_that_says_what_to_do() {
    let Some(mount) = Mount::new("300k") else {
        println!("not run: this process may not mount a file system");
        return;
    };
    let queue = mount.0.path().join("queue");
    let options = ProducerOptions::new(&queue);
    let mut first = Producer::attach(options.clone()).unwrap();
    let refused = Producer::attach(options.clone()).unwrap_err();
    assert!(matches!(refused, Error::NoSpace { .. }), "{refused}");
    let text = refused.to_string();
    assert!(
        text.contains("260 KiB") && text.contains("--shm-size") && text.contains("canyon.ring_bytes"),
        "{text}"
    );
    let left: Vec<_> = std::fs::read_dir(&queue).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "a failed attempt left something: {left:?}");

    let refused = first.push(100_000, |writer| writer.put(&[1; 100_000])).unwrap_err();
    assert!(matches!(refused, Error::NoSpace { .. }), "{refused}");
    let _ = push(&mut first, b"what has its room goes on");
    let mut consumer = canyon::queue::Consumer::open(canyon::queue::ConsumerOptions::new(&queue)).unwrap();
    assert_eq!(drain(&mut consumer), [b"what has its room goes on"]);
    drop(first);
    while consumer.rings() > 0 {
        consumer.wait(std::time::Duration::from_millis(10));
    }
    Producer::attach(options).unwrap();
}
