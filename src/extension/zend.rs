//! What ext-php-rs does not offer of the Zend engine, each behind a safe function.

#![allow(unsafe_code)]

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::class::RegisteredClass;
use ext_php_rs::ffi::{Bucket, IS_ARRAY, IS_STRING, IS_UNDEF, zend_function};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, Zval};
use ext_php_rs::zend::{ClassEntry, ModuleEntry};

unsafe extern "C" {
    fn zend_ini_string_ex(name: *const c_char, len: usize, orig: c_int, exists: *mut bool) -> *mut c_char;
    fn display_ini_entries(module: *mut ModuleEntry);
    fn virtual_getcwd(buffer: *mut c_char, size: usize) -> *mut c_char;
}

/// The path as PHP understands it now. In a thread-safe PHP each thread has a working directory of its own, and `chdir()`
/// leaves the process's alone.
pub(super) fn absolute(path: &Path) -> io::Result<PathBuf> {
    if !ext_php_rs::PHP_ZTS || path.is_absolute() {
        return std::path::absolute(path);
    }
    let mut buffer = [0; libc::PATH_MAX as usize];
    // SAFETY: the engine writes at most so many bytes, a NUL among them, or returns null and sets errno.
    let directory = unsafe {
        if virtual_getcwd(buffer.as_mut_ptr(), buffer.len()).is_null() {
            return Err(io::Error::last_os_error());
        }
        CStr::from_ptr(buffer.as_ptr())
    };
    std::path::absolute(Path::new(OsStr::from_bytes(directory.to_bytes())).join(path))
}

/// The present value of an ini setting; `None` if there is no such setting.
pub(super) fn ini_string(name: &CStr) -> Option<String> {
    let mut exists = false;
    // SAFETY: `name` is `len` bytes and NUL-terminated, and PHP calls us on a thread with a live engine. The result belongs
    // to the engine and is copied before anything can change it.
    unsafe {
        let value = zend_ini_string_ex(name.as_ptr(), name.count_bytes(), 0, &raw mut exists);
        (exists && !value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}

/// Prints the module's ini settings as phpinfo() shows them.
pub(super) fn print_ini_entries(module: *mut ModuleEntry) {
    // SAFETY: the pointer is the one that the engine gave our info function.
    unsafe { display_ini_entries(module) };
}

/// PHP's `RuntimeException`. ext-php-rs has no name for it; looked up at run time so that tools can load the library
/// outside of PHP.
pub(super) fn runtime_exception() -> Option<&'static ClassEntry> {
    // SAFETY: the symbol, where it exists, is a `zend_class_entry *` that PHP's SPL sets before any extension starts.
    unsafe {
        let symbol = libc::dlsym(libc::RTLD_DEFAULT, c"spl_ce_RuntimeException".as_ptr());
        symbol.cast::<*const ClassEntry>().as_ref()?.as_ref()
    }
}

/// A class of ours, known once it is registered. A SAPI can start the module again, and then it is another one.
#[derive(Debug)]
pub(super) struct ClassSlot(AtomicPtr<ClassEntry>);

impl ClassSlot {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(std::ptr::null_mut()))
    }

    pub(super) fn set(&self, class: &'static mut ClassEntry) {
        self.0.store(class, Ordering::Release);
    }

    pub(super) fn get(&self) -> Option<&'static ClassEntry> {
        // SAFETY: a registered class lives as long as the module, and nothing of ours runs after its shutdown.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }
}

/// Declares that the first parameter of a method is `string|array`: ext-php-rs knows no union types.
pub(super) fn declare_string_or_array<T: RegisteredClass>(method: &str) {
    let Some(function) = T::get_metadata().ce().function_table.get(method) else { return };
    // SAFETY: the function table of an internal class holds pointers to internal functions, whose argument tables live as
    // long as the module, in memory that ext-php-rs allocated and never writes again. Called once, before any PHP code runs,
    // so nobody reads the table meanwhile.
    unsafe {
        let Some(function) = function.ptr::<zend_function>().and_then(|function| function.as_ref()) else {
            return;
        };
        let function = function.internal_function;
        if function.num_args > 0 && !function.arg_info.is_null() {
            (*function.arg_info).type_.type_mask = 1 << IS_STRING | 1 << IS_ARRAY;
        }
    }
}

/// What PHP calls the type of a value.
pub(super) fn type_name(value: &Zval) -> String {
    match value.dereference().get_type() {
        DataType::Long => "int".to_owned(),
        DataType::Double => "float".to_owned(),
        DataType::True | DataType::False | DataType::Bool => "bool".to_owned(),
        DataType::Null | DataType::Undef => "null".to_owned(),
        DataType::Array => "array".to_owned(),
        DataType::String => "string".to_owned(),
        DataType::Resource => "resource".to_owned(),
        DataType::Object(_) => {
            let class = value.object().and_then(|object| object.get_class_name().ok());
            class.unwrap_or_else(|| "object".to_owned())
        }
        other => other.to_string(),
    }
}

/// The type of a value, as the engine stores it. ext-php-rs' own `get_type()` is a call, or none, as the compiler likes: with
/// 100 channels that is half the price of a publish.
#[inline]
fn raw_type(value: &Zval) -> u32 {
    // SAFETY: both variants of the union are plain words over the same bytes, and every value has its type in the lowest.
    unsafe { value.u1.type_info & 0xff }
}

/// The bytes of a string; `None` for any other value.
#[inline]
pub(super) fn bytes(value: &Zval) -> Option<&[u8]> {
    if raw_type(value) != IS_STRING {
        return None;
    }
    // SAFETY: a value of this type points to a string, which the value keeps.
    unsafe { value.value.str_.as_ref() }.map(|string| string.as_bytes())
}

/// The values of an array, without the four engine calls per element of ext-php-rs' own iterator.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a> {
    table: &'a ZendHashTable,
    next: u32,
}

impl<'a> Elements<'a> {
    pub(super) fn of(table: &'a ZendHashTable) -> Self {
        Self { table, next: 0 }
    }
}

/// `HASH_FLAG_PACKED`: the values stand one behind the other, without keys.
const PACKED: u32 = 1 << 2;

impl<'a> Iterator for Elements<'a> {
    type Item = &'a Zval;

    fn next(&mut self) -> Option<&'a Zval> {
        while self.next < self.table.nNumUsed {
            let index = self.next as usize;
            self.next += 1;
            // SAFETY: the first nNumUsed slots are initialised, as values in a packed array and as buckets otherwise; the
            // array is borrowed, and no PHP code runs that could change it meanwhile.
            let value: &'a Zval = unsafe {
                let slots = self.table.__bindgen_anon_1;
                if self.table.u.flags & PACKED != 0 {
                    &*slots.arPacked.add(index)
                } else {
                    let bucket: *const Bucket = slots.arData.add(index);
                    &(*bucket).val
                }
            };
            if raw_type(value) == IS_STRING {
                return Some(value);
            }
            // A symbol table has slots that lead to variables.
            let value = value.indirect().unwrap_or(value);
            if raw_type(value) != IS_UNDEF {
                return Some(value.dereference());
            }
        }
        None
    }
}
