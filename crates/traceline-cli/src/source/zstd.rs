//! Zstandard files of any number of frames.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Reads one frame after the other.
pub(super) struct Frames<R> {
    file: BufReader<R>,
    /// The frame at hand.
    frame: Option<FrameDecoder>,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(file: R) -> Frames<R> {
        let file = BufReader::new(file);
        Frames { file, frame: None }
    }

    /// Begins the next frame; `None` at the end of the file.
    fn next(&mut self) -> io::Result<Option<FrameDecoder>> {
        while !self.file.fill_buf()?.is_empty() {
            let mut frame = FrameDecoder::new();
            match frame.init(&mut self.file) {
                Ok(()) => return Ok(Some(frame)),
                // Frames that hold something else.
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = Read::take(&mut self.file, length.into());
                    io::copy(&mut skipped, &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(None)
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = &mut self.frame else {
                self.frame = self.next()?;
                match self.frame {
                    Some(_) => continue,
                    None => return Ok(0),
                }
            };
            let len = frame.read(room)?;
            if len > 0 || room.is_empty() {
                return Ok(len);
            }
            if !frame.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                frame
                    .decode_blocks(&mut self.file, one)
                    .map_err(io::Error::other)?;
                continue;
            }
            let given = frame.get_checksum_from_data();
            if given.is_some() && given != frame.get_calculated_checksum() {
                return Err(io::Error::other("compressed data that is damaged"));
            }
            self.frame = None;
        }
    }
}
