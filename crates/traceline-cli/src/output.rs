//! Writing without destroying anything.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::source::{Identity, Source};

/// What a page of this program has near its beginning.
pub const MARK: &str = "<meta name=\"generator\" content=\"traceline\">";

/// Writes a page to a file, all of it or nothing.
///
/// # Errors
///
/// If the file is one of the sources, or is there and not a page of this program, unless `force`;
/// or if it cannot be written. The error names the file.
pub fn page(path: &Path, text: &str, sources: &[Source], force: bool) -> Result<(), String> {
    let fault = |what: &str| format!("{}: {what}", path.display());
    let failed = |error: io::Error| fault(&error.to_string());
    let metadata = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let Some(metadata) = metadata else {
        // A link to a file that is not there yet leads to where it will be.
        let target = fs::read_link(path).map_or(path.into(), |to| beside(path, to));
        return replace(&target, text, None).map_err(failed);
    };
    if metadata.is_dir() {
        return Err(fault("is a directory"));
    }
    if !metadata.is_file() {
        // A device or a pipe holds nothing that could be lost, and must not be replaced.
        let file = OpenOptions::new().write(true).open(path);
        return file
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(failed);
    }
    let identity = Identity::of(&metadata, path);
    let is_input = sources
        .iter()
        .any(|source| source.identity.is_some() && source.identity == identity);
    if is_input && !force {
        return Err(fault("is a file that was read; --force overwrites it"));
    }
    if !force && !is_page(path).map_err(failed)? {
        return Err(fault(
            "is there and is not a page of traceline; --force overwrites it",
        ));
    }
    // A link stays a link.
    let target = fs::canonicalize(path).map_err(failed)?;
    replace(&target, text, Some(metadata.permissions())).map_err(failed)
}

fn beside(path: &Path, to: PathBuf) -> PathBuf {
    path.parent().map_or(to.clone(), |parent| parent.join(to))
}

/// Whether a file is a page of this program; an empty one holds nothing that could be lost.
fn is_page(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(1_024).read_to_end(&mut head)?;
    Ok(head.is_empty() || memchr::memmem::find(&head, MARK.as_bytes()).is_some())
}

/// Writes a file beside the target, which then takes its place.
fn replace(target: &Path, text: &str, permissions: Option<fs::Permissions>) -> io::Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name = format!(".{name}.{}.tmp", std::process::id());
    let beside = target.with_file_name(name);
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, target)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Returns an error if standard output goes into one of the sources.
///
/// # Errors
///
/// If so: what is printed would be read.
pub fn check_stdout(sources: &[Source]) -> Result<(), String> {
    let out = Identity::of_stdout();
    let same = |source: &&Source| out.is_some() && source.identity == out;
    match sources.iter().find(same) {
        Some(source) => Err(format!(
            "{}: standard output goes into this file",
            source.name
        )),
        None => Ok(()),
    }
}

/// Judges the end of writing to a stream: a reader that has enough is no error.
///
/// # Errors
///
/// Any other error.
pub fn finished(written: io::Result<()>) -> Result<(), String> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder of its own.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("traceline-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn only_a_page_of_ours_is_overwritten() {
        let folder = folder("page");
        let page_text = format!("<!doctype html>{MARK}");
        let path = folder.join("out.html");
        page(&path, &page_text, &[], false).unwrap();
        page(&path, &format!("{page_text}2"), &[], false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{page_text}2"));
        fs::write(&path, "notes").unwrap();
        let error = page(&path, &page_text, &[], false).unwrap_err();
        let there = "is there and is not a page of traceline; --force overwrites it";
        assert_eq!(error, format!("{}: {there}", path.display()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
        page(&path, &page_text, &[], true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), page_text);
        assert_eq!(names(&folder), ["out.html"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn an_input_is_not_overwritten_through_any_link() {
        let folder = folder("links");
        let [input, soft, hard] = ["in.log", "soft", "hard"].map(|name| folder.join(name));
        let text = format!("{MARK}\nmsg=a duration_ms=1\n");
        fs::write(&input, &text).unwrap();
        std::os::unix::fs::symlink("in.log", &soft).unwrap();
        fs::hard_link(&input, &hard).unwrap();
        let sources = [Source::open(&input).unwrap()];
        for path in [&input, &soft, &hard] {
            let error = page(path, "page", &sources, false).unwrap_err();
            let read = "is a file that was read; --force overwrites it";
            assert_eq!(error, format!("{}: {read}", path.display()));
        }
        assert_eq!(fs::read_to_string(&input).unwrap(), text);
        // A link stays a link, and leads to what was written.
        page(&soft, "page", &sources, true).unwrap();
        assert!(fs::symlink_metadata(&soft).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&input).unwrap(), "page");
        assert_eq!(names(&folder), ["hard", "in.log", "soft"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let error = page(Path::new("/dev/full"), "page", &[], false).unwrap_err();
        assert_eq!(error, "/dev/full: No space left on device (os error 28)");
        let error = page(Path::new("/no/such/page.html"), "page", &[], false).unwrap_err();
        assert_eq!(
            error,
            "/no/such/page.html: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn a_reader_that_has_enough_is_no_error() {
        assert_eq!(finished(Err(io::ErrorKind::BrokenPipe.into())), Ok(()));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(
            finished(Err(full)).unwrap_err(),
            "standard output: no storage space"
        );
    }
}
