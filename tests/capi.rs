//! The C library: its header, what stands in it, and what C and Python do with it.
//!
//! `make capi` builds the library; set CANYON_PUBLISH_LIBRARY for one that lies elsewhere.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "a caller from C is what is tested")]

use canyon::capi::abi::{
    CanyonPublisher, CanyonStatus, canyon_close, canyon_last_error, canyon_open, canyon_publish,
    canyon_version,
};
use canyon::event::Event;
use canyon::queue::{Consumer, ConsumerOptions};
use cbindgen::{Builder, Config, DocumentationStyle, Language, RenameRule, Style};
use std::ffi::{CStr, CString, c_char};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::ptr::{null, null_mut};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn library() -> PathBuf {
    let library = std::env::var_os("CANYON_PUBLISH_LIBRARY")
        .map_or_else(|| Path::new(ROOT).join("target/capi/release/libcanyon_publish.so"), PathBuf::from);
    assert!(library.is_file(), "there is no {}: run `make capi`", library.display());
    library
}

/// App, channels, name, data and excepted socket of an event.
type Published = (String, Vec<String>, String, String, Option<String>);

/// A queue directory with a consumer that takes what is published.
struct Queue {
    directory: TempDir,
    consumer: Consumer,
}

impl Queue {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let consumer = Consumer::open(ConsumerOptions::new(directory.path().join("queue"))).unwrap();
        Self { directory, consumer }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("queue")
    }

    /// Everything published since the last time.
    fn published(&mut self) -> Vec<Published> {
        let mut events = Vec::new();
        while self.consumer.has_news() {
            self.consumer.drain(100, &mut |record| {
                let event = Event::decode(record.payload).unwrap();
                events.push((
                    event.app.to_owned(),
                    event.channels.map(str::to_owned).collect(),
                    event.name.to_owned(),
                    event.data.to_owned(),
                    event.except.map(str::to_owned),
                ));
                ControlFlow::Continue(())
            });
        }
        events
    }
}

fn one(channel: &str, data: &str) -> Published {
    ("my-app".to_owned(), vec![channel.to_owned()], "hello".to_owned(), data.to_owned(), None)
}

fn header() -> String {
    let config = Config {
        language: Language::C,
        style: Style::Type,
        documentation_style: DocumentationStyle::Doxy,
        include_guard: Some("CANYON_H".to_owned()),
        header: Some(HEADER.to_owned()),
        no_includes: true,
        sys_includes: vec!["stddef.h".to_owned()],
        cpp_compat: true,
        usize_is_size_t: true,
        line_length: 100,
        enumeration: cbindgen::EnumConfig {
            rename_variants: RenameRule::ScreamingSnakeCase,
            ..Default::default()
        },
        export: cbindgen::ExportConfig {
            rename: [("CanyonStatus", "canyon_status"), ("CanyonPublisher", "canyon_publisher")]
                .map(|(rust, c)| (rust.to_owned(), c.to_owned()))
                .into(),
            ..Default::default()
        },
        ..Default::default()
    };
    let bindings = Builder::new()
        .with_config(config)
        .with_src(Path::new(ROOT).join("src/capi/abi.rs"))
        .generate()
        .unwrap();
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).unwrap()
}

const HEADER: &str = "\
/*
 * Publishing to Canyon from C, and from every language that can call C: link with -lcanyon_publish.
 *
 * Made by cbindgen from src/capi/abi.rs; `CANYON_WRITE_HEADER=1 cargo test --features capi --test capi` writes it anew.
 * PHP's FFI extension reads it too, without the lines of the preprocessor.
 */";

#[test]
fn the_header_is_the_one_that_cbindgen_makes() {
    let path = Path::new(ROOT).join("stubs/canyon.h");
    let made = header();
    if std::env::var_os("CANYON_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, made, "stubs/canyon.h is stale: run this test with CANYON_WRITE_HEADER=1");
}

#[test]
fn the_library_holds_its_own_functions_and_nothing_of_php_or_the_server() {
    let symbols = |which: &str| -> Vec<String> {
        let output = Command::new("nm").args(["-D", which]).arg(library()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.split_whitespace().last().unwrap().to_owned()).collect()
    };
    let mut exported = symbols("--defined-only");
    exported.sort();
    assert_eq!(
        exported,
        ["canyon_close", "canyon_last_error", "canyon_open", "canyon_publish", "canyon_version"]
    );
    for name in symbols("--undefined-only") {
        assert!(!name.contains("zend") && !name.contains("php"), "{name} is wanted from PHP");
    }
    let bytes = std::fs::read(library()).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("libcanyon_publish.so"), "its own name for the linker");
    for foreign in ["tokio", "hyper", "rustls", "ext-php-rs"] {
        assert!(!has(foreign), "there is something of {foreign} in it");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Compiles a C program with all warnings; what it says with them is a failure too.
fn compile(source: &Path, directory: &Path, extra: &[&str]) -> PathBuf {
    let program = directory.join("program");
    let output = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(extra)
        .arg("-o")
        .arg(&program)
        .arg(source)
        .arg("-I")
        .arg(Path::new(ROOT).join("stubs"))
        .arg("-L")
        .arg(library().parent().unwrap())
        .arg("-lcanyon_publish")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    program
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    let libraries = library().parent().unwrap().to_owned();
    Command::new(program).args(arguments).env("LD_LIBRARY_PATH", libraries).output().unwrap()
}

#[test]
fn the_example_in_c_publishes() {
    let mut queue = Queue::new();
    let example = Path::new(ROOT).join("stubs/examples/publish.c");
    for extra in [&["-std=c99"][..], &["-x", "c++", "-std=c++11"]] {
        let program = compile(&example, queue.directory.path(), extra);
        let path = queue.path();
        let path = path.to_str().unwrap();
        let output = run(&program, &[path, "my-app", "lobby", "hello", r#"{"a":"ä"}"#]);
        assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()));
        assert_eq!(queue.published(), [one("lobby", r#"{"a":"ä"}"#)]);
        let output = run(&program, &[path, "my-app", "not a name", "hello", "{}"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said(&output).contains(r#"the channel name "not a name" is not allowed"#),
            "{}",
            said(&output)
        );
        assert!(said(&output).contains("not published (2)"), "{}", said(&output));
        let output = run(&program, &["/dev/null", "my-app", "lobby", "hello", "{}"]);
        assert!(said(&output).contains("/dev/null is not a directory"), "{}", said(&output));
        assert_eq!(queue.published(), []);
    }
}

#[test]
fn the_example_in_python_publishes() {
    let mut queue = Queue::new();
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let path = queue.path();
    let run = |channel: &str| {
        Command::new(&python)
            .arg(Path::new(ROOT).join("stubs/examples/publish.py"))
            .args([path.to_str().unwrap(), "my-app", channel, "hello", r#"{"a":"ä"}"#])
            .env("CANYON_LIBRARY", library())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap()
    };
    let output = run("lobby");
    assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()));
    assert_eq!(queue.published(), [one("lobby", r#"{"a":"ä"}"#)]);
    let output = run("not a name");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(r#"the channel name "not a name" is not allowed"#), "{}", said(&output));
}

#[test]
fn threads_and_forked_children_publish_in_order_and_leave_nothing() {
    let mut queue = Queue::new();
    let source = Path::new(ROOT).join("tests/capi/lives.c");
    let program = compile(&source, queue.directory.path(), &["-std=c99", "-pthread"]);
    let output = run(&program, &[queue.path().to_str().unwrap()]);
    assert_eq!((output.status.code(), said(&output)), (Some(0), String::new()));
    let events = queue.published();
    for who in ["parent", "child", "thread-0", "thread-1", "thread-2"] {
        let datas: Vec<&str> =
            events.iter().filter(|event| event.2 == who).map(|event| event.3.as_str()).collect();
        let wanted: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert_eq!(datas, wanted, "{who}");
    }
    assert_eq!(events.len(), 500);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while queue.consumer.rings() > 0 {
        assert!(std::time::Instant::now() < deadline, "{} rings are left", queue.consumer.rings());
        queue.consumer.drain(100, &mut |_| ControlFlow::Continue(()));
    }
}

fn message() -> String {
    // SAFETY: the message of this thread.
    unsafe { CStr::from_ptr(canyon_last_error()) }.to_str().unwrap().to_owned()
}

fn open(path: &Path) -> *mut CanyonPublisher {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    let mut publisher = null_mut();
    // SAFETY: strings that end with NUL, and a place for the pointer.
    let status = unsafe { canyon_open(path.as_ptr(), c"my-app".as_ptr(), null(), &raw mut publisher) };
    assert_eq!(status, CanyonStatus::CanyonOk, "{}", message());
    publisher
}

#[test]
fn what_is_wrong_with_an_argument_is_told_by_its_name() {
    let mut queue = Queue::new();
    let path = CString::new(queue.path().to_str().unwrap()).unwrap();
    let path = path.as_ptr();
    let app = c"my-app".as_ptr();
    let not_utf8 = c"\xff".as_ptr();
    let cases: [(*const c_char, *const c_char, *const c_char, &str); 8] = [
        (null(), app, null(), "queue is NULL"),
        (path, null(), null(), "app_id is NULL"),
        (c"".as_ptr(), app, null(), "the queue path is empty"),
        (path, c"".as_ptr(), null(), "the app id is empty"),
        (not_utf8, app, null(), "the queue path \"\u{fffd}\" is not UTF-8"),
        (path, not_utf8, null(), "the app id \"\u{fffd}\" is not UTF-8"),
        (path, app, not_utf8, "options is not UTF-8"),
        (path, app, c"ring_bytes=3".as_ptr(), "ring_bytes=3"),
    ];
    for (path, app, options, wanted) in cases {
        let mut publisher = std::ptr::dangling_mut();
        // SAFETY: NULL is what is tested; everything else is a string, and a place for the pointer.
        let status = unsafe { canyon_open(path, app, options, &raw mut publisher) };
        assert_eq!((status, publisher.is_null()), (CanyonStatus::CanyonInvalid, true), "{wanted}");
        assert!(message().contains(wanted), "{wanted}: {}", message());
    }
    // SAFETY: as above.
    let status = unsafe { canyon_open(path, app, null(), null_mut()) };
    assert_eq!((status, message().contains("publisher is NULL")), (CanyonStatus::CanyonInvalid, true));

    let publisher = open(&queue.path());
    let event = c"hello".as_ptr();
    let data = c"{}".as_ptr();
    let good = [c"lobby".as_ptr()];
    let good: &[*const c_char] = &good;
    let bad = |channels: &[*const c_char]| channels.to_vec();
    let refused = |publisher, channels: Vec<*const c_char>, event, data, length, except, wanted: &str| {
        // SAFETY: NULL is what is tested; everything else is as it should be.
        let status = unsafe {
            canyon_publish(publisher, channels.as_ptr(), channels.len(), event, data, length, except)
        };
        assert_eq!(status, CanyonStatus::CanyonInvalid, "{wanted}");
        assert!(message().contains(wanted), "{wanted}: {}", message());
    };
    refused(null_mut(), bad(good), event, data, 2, null(), "publisher is NULL");
    refused(publisher, bad(&[]), event, data, 2, null(), "no channel is given");
    refused(publisher, bad(&[good[0], null()]), event, data, 2, null(), "channels[1] is NULL");
    refused(publisher, bad(&[not_utf8]), event, data, 2, null(), "is not UTF-8");
    refused(publisher, vec![good[0]; 10_001], event, data, 2, null(), "10001 channels are given");
    refused(publisher, bad(good), null(), data, 2, null(), "event is NULL");
    refused(publisher, bad(good), c"".as_ptr(), data, 2, null(), "the event name is empty");
    refused(publisher, bad(good), c"pusher:x".as_ptr(), data, 2, null(), "the protocol's own");
    refused(publisher, bad(good), event, null(), 2, null(), "data is NULL");
    refused(publisher, bad(good), event, data, usize::MAX, null(), "the data cannot have");
    refused(publisher, bad(good), event, not_utf8, 1, null(), "is not UTF-8 (at byte 0)");
    refused(publisher, bad(good), event, data, 2, c"1".as_ptr(), "the socket id \"1\" is none");
    let long = "x".repeat(1024 * 1024 + 1);
    refused(
        publisher,
        bad(good),
        event,
        long.as_ptr().cast(),
        long.len(),
        null(),
        "1048577 bytes, and the limit is 1048576 (max_event_bytes)",
    );
    // SAFETY: NULL channels are what is tested.
    let status = unsafe { canyon_publish(publisher, null(), 1, event, data, 2, null()) };
    assert_eq!((status, message().as_str()), (CanyonStatus::CanyonInvalid, "channels is NULL"));
    assert_eq!(queue.published(), []);

    // SAFETY: as it should be; data of no length may be NULL, and its end is where the length says.
    unsafe {
        assert_eq!(
            canyon_publish(publisher, good.as_ptr(), 1, event, null(), 0, null()),
            CanyonStatus::CanyonOk
        );
        let binary = b"\"a\0b\" and more";
        let except = c"12.34".as_ptr();
        assert_eq!(
            canyon_publish(publisher, good.as_ptr(), 1, event, binary.as_ptr().cast(), 5, except),
            CanyonStatus::CanyonOk
        );
        canyon_close(publisher);
        canyon_close(null_mut());
    }
    let mut last = one("lobby", "\"a\0b\"");
    last.4 = Some("12.34".to_owned());
    assert_eq!(queue.published(), [one("lobby", ""), last]);
}

#[test]
fn a_full_queue_is_said_at_once_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let publisher = open(&directory.path().join("queue"));
    let (channels, data) = ([c"lobby".as_ptr()], "x".repeat(8 * 1024));
    let publish = || {
        // SAFETY: an open publisher, and arguments as they should be.
        unsafe {
            canyon_publish(
                publisher,
                channels.as_ptr(),
                1,
                c"e".as_ptr(),
                data.as_ptr().cast(),
                data.len(),
                null(),
            )
        }
    };
    let statuses: Vec<CanyonStatus> = (0..64).map(|_| publish()).collect();
    assert_eq!((statuses[0], statuses[63]), (CanyonStatus::CanyonOk, CanyonStatus::CanyonFull));
    assert!(message().contains("is full") && message().contains("no server drains it"), "{}", message());
    // SAFETY: open, and closed once.
    unsafe { canyon_close(publisher) };
}

#[test]
fn the_version_is_that_of_the_package() {
    // SAFETY: a constant.
    assert_eq!(unsafe { CStr::from_ptr(canyon_version()) }.to_str(), Ok(env!("CARGO_PKG_VERSION")));
}
