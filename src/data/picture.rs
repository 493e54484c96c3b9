//! One picture from a file, PNG or JPEG as its first bytes say.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

use png::{ColorType, Transformations};
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::images::sizes;

/// Endings of the files that are taken for pictures.
pub(super) const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Most pixels of a file, before it is made smaller: what a large camera takes.
const MOST_PIXELS: usize = 1 << 27;

/// Pixels of a file, channel after channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) height: usize,
    pub(super) width: usize,
    /// 1 (grey), or 3 (red, green, blue); how transparent a pixel is does not count.
    pub(super) channels: usize,
    pub(super) pixels: Vec<u8>,
}

/// The channels of a file, told from its beginning.
pub(super) fn channels(path: &Path) -> Result<usize, String> {
    match open(path)? {
        Opened::Png(decoder) => Ok(png_values(&decoder.read_info().map_err(broken)?)?.1),
        Opened::Jpeg(mut decoder) => {
            decoder.decode_headers().map_err(broken)?;
            Ok(jpeg_channels(decoder.input_colorspace()))
        }
    }
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Picture, String> {
    let mut decoder = match open(path)? {
        Opened::Png(decoder) => return read_png(*decoder),
        Opened::Jpeg(decoder) => decoder,
    };
    decoder.decode_headers().map_err(broken)?;
    let info = decoder.info().ok_or("it has no size: fetch or make the file again")?;
    let (height, width) = (usize::from(info.height), usize::from(info.width));
    not_too_large(height, width)?;
    let channels = jpeg_channels(decoder.input_colorspace());
    let of = if channels == 1 { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(options().jpeg_set_out_colorspace(of));
    let pixels = decoder.decode().map_err(broken)?;
    if pixels.len() != height * width * channels {
        return Err(format!("{} values, not those of its size: fetch or make the file again", pixels.len()));
    }
    Ok(Picture { height, width, channels, pixels: planes(&pixels, channels, channels) })
}

impl Picture {
    /// Grey to colour, all channels alike; colour to grey by how bright the eye finds it (ITU-R BT.601).
    pub(super) fn with_channels(mut self, channels: usize) -> Self {
        let count = self.height * self.width;
        match (self.channels, channels) {
            (1, 3) => self.pixels = self.pixels.repeat(3),
            (3, 1) => {
                let value = |at: usize| f32::from(self.pixels[at]);
                let bright = |at| 0.299 * value(at) + 0.587 * value(at + count) + 0.114 * value(at + 2 * count);
                self.pixels = (0..count).map(|at| bright(at).round() as u8).collect();
            }
            _ => return self,
        }
        Self { channels, ..self }
    }
}

enum Opened {
    Png(Box<png::Decoder<BufReader<File>>>),
    Jpeg(Box<zune_jpeg::JpegDecoder<BufReader<File>>>),
}

/// As the bytes say: files with the wrong ending are common.
fn open(path: &Path) -> Result<Opened, String> {
    let mut file = BufReader::new(File::open(path).map_err(|error| error.to_string())?);
    if file.fill_buf().map_err(|error| error.to_string())?.starts_with(&[0xff, 0xd8]) {
        // Some programs put bytes of their own behind a picture, so its end is looked for in the last of them.
        if !ends(&mut file).map_err(|error| error.to_string())? {
            return Err("the picture breaks off: fetch or make the file again".into());
        }
        return Ok(Opened::Jpeg(Box::new(zune_jpeg::JpegDecoder::new_with_options(file, options()))));
    }
    let mut decoder = png::Decoder::new(file);
    decoder.set_transformations(Transformations::normalize_to_color8());
    Ok(Opened::Png(Box::new(decoder)))
}

/// Whether the mark of a JPEG's end is there.
fn ends(file: &mut BufReader<File>) -> std::io::Result<bool> {
    use std::io::{Read, SeekFrom};
    const TAIL: u64 = 1 << 16;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    file.rewind()?;
    Ok(tail.windows(2).any(|two| two == [0xff, 0xd9]))
}

fn options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(true)
}

fn jpeg_channels(space: Option<ColorSpace>) -> usize {
    if space == Some(ColorSpace::Luma) { 1 } else { 3 }
}

fn read_png(decoder: png::Decoder<BufReader<File>>) -> Result<Picture, String> {
    let mut reader = decoder.read_info().map_err(broken)?;
    let (height, width) = (reader.info().height as usize, reader.info().width as usize);
    let (values, channels) = png_values(&reader)?;
    not_too_large(height, width)?;
    let mut pixels = vec![0; height * width * values];
    reader.next_frame(&mut pixels).map_err(broken)?;
    Ok(Picture { height, width, channels, pixels: planes(&pixels, values, channels) })
}

/// Values of a pixel as they come, and how many of them count.
fn png_values<R: BufRead + Seek>(reader: &png::Reader<R>) -> Result<(usize, usize), String> {
    match reader.output_color_type().0 {
        ColorType::Grayscale => Ok((1, 1)),
        ColorType::GrayscaleAlpha => Ok((2, 1)),
        ColorType::Rgb => Ok((3, 3)),
        ColorType::Rgba => Ok((4, 3)),
        ColorType::Indexed => Err("its colours are not there: make the file again".into()),
    }
}

fn not_too_large(height: usize, width: usize) -> Result<(), String> {
    if height.saturating_mul(width) > MOST_PIXELS {
        return Err(format!("{}, at most {MOST_PIXELS} pixels: make the picture smaller", sizes(height, width, 1)));
    }
    Ok(())
}

/// From pixel after pixel to channel after channel.
fn planes(pixels: &[u8], values: usize, channels: usize) -> Vec<u8> {
    (0..channels).flat_map(|channel| pixels.iter().skip(channel).step_by(values).copied()).collect()
}

fn broken(error: impl std::fmt::Display) -> String {
    format!("{error}: fetch or make the file again")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: &[u8] = include_bytes!("../../tests/pictures/grey.jpg");
    const COLOUR: &[u8] = include_bytes!("../../tests/pictures/colour.jpg");

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), bytes).expect("writes");
        file
    }

    #[test]
    fn jpeg_files_are_read_grey_and_in_colour() {
        let grey = file(GREY);
        assert_eq!(channels(grey.path()), Ok(1));
        let picture = read(grey.path()).expect("reads");
        assert_eq!((picture.height, picture.width, picture.channels), (12, 20, 1));
        // A ramp of 10 a pixel from 20 on; what is stored is off by a few.
        let off = |(at, value): (usize, &u8)| (f32::from(*value) - (20 + 10 * (at % 20)) as f32).abs();
        assert!(picture.pixels.iter().enumerate().map(off).fold(0.0, f32::max) < 6.0);

        let colour = file(COLOUR);
        assert_eq!(channels(colour.path()), Ok(3));
        let picture = read(colour.path()).expect("reads");
        assert_eq!((picture.height, picture.width, picture.pixels.len()), (16, 24, 16 * 24 * 3));
        for (x, wanted) in [(2, [200, 30, 40]), (21, [20, 50, 210])] {
            for (channel, wanted) in wanted.into_iter().enumerate() {
                let found = i32::from(picture.pixels[channel * 16 * 24 + 8 * 24 + x]);
                assert!((found - wanted).abs() < 12, "channel {channel} at {x}: {found}, not {wanted}");
            }
        }
    }

    #[test]
    fn a_jpeg_that_is_cut_off_or_damaged_says_so() {
        for whole in [GREY, COLOUR] {
            for cut in [2, 3, 20, 60, 150, whole.len() - 40, whole.len() - 2] {
                let message = read(file(&whole[..cut]).path()).expect_err("cut off");
                assert!(message.contains("file again"), "{cut}: {message}");
            }
            let mut without_tables = whole.to_vec();
            without_tables.drain(20..100);
            assert!(read(file(&without_tables).path()).is_err());
        }
        assert!(read(file(b"GIF89a").path()).expect_err("a GIF").contains("file again"));
    }

    #[test]
    fn channels_can_be_changed() {
        let grey = Picture { height: 1, width: 2, channels: 1, pixels: vec![10, 200] };
        let colour = grey.clone().with_channels(3);
        assert_eq!((colour.channels, colour.pixels.as_slice()), (3, [10, 200, 10, 200, 10, 200].as_slice()));
        assert_eq!(colour.with_channels(1), grey);
        let red = Picture { height: 1, width: 1, channels: 3, pixels: vec![255, 0, 0] };
        assert_eq!(red.with_channels(1).pixels, [76]);
    }
}
