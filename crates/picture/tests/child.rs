//! A decoder that has been taken over, or is at its limit: the parent goes on, and each time there is a word for it.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{Read as _, Write as _};
use std::time::Duration;

use fieldseal_picture::confine::confine;
use fieldseal_picture::{
    Area, CHILD_VARIABLE, Decoder, Limits, MAX_AREAS, NoPreview, Previews, Strip,
    run_decoder_child_of_test,
};

fn photo(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x % 256) as u8, (y % 256) as u8, 90])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

fn tight() -> Limits {
    Limits {
        cpu_s: 1,
        wait: Duration::from_secs(20),
        ..Limits::default()
    }
}

fn made(decoder: &Decoder, bytes: &[u8]) -> Result<Previews, NoPreview> {
    decoder.previews(bytes.len() as u64, &mut &bytes[..])
}

fn by(child: &str) -> Decoder {
    Decoder::of_test(child).within(tight())
}

/// Whether this run is a planted child, not the suite's.
fn planted() -> bool {
    std::env::var_os(CHILD_VARIABLE).is_some()
}

/// The socket that the child got as its input.
fn socket() -> std::os::unix::net::UnixStream {
    let socket = rustix::io::dup(rustix::stdio::stdin()).unwrap();
    std::os::unix::net::UnixStream::from(socket)
}

#[test]
fn child_as_it_is() {
    run_decoder_child_of_test();
}

#[test]
fn child_that_aborts() {
    if planted() {
        std::process::abort();
    }
}

#[test]
fn child_that_overflows_its_stack() {
    #[expect(unconditional_recursion, reason = "that is the fault")]
    fn deeper(depth: [u64; 64]) -> u64 {
        std::hint::black_box(deeper(std::hint::black_box(depth))) + depth[0]
    }
    if planted() {
        deeper([1; 64]);
    }
}

#[test]
fn child_that_hangs() {
    if planted() {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

#[test]
fn child_that_spins() {
    if planted() {
        let _ = confine(64 << 20, 1);
        loop {
            std::hint::spin_loop();
        }
    }
}

#[test]
fn child_that_eats_memory() {
    if planted() {
        let _ = confine(64 << 20, 10);
        let mut eaten: Vec<Vec<u8>> = Vec::new();
        loop {
            eaten.push(vec![1; 1 << 20]);
        }
    }
}

#[test]
fn child_that_answers_garbage() {
    if planted() {
        socket().write_all(b"fspic-a1 and then some words").unwrap();
        std::process::exit(0);
    }
}

#[test]
fn child_that_answers_without_end() {
    if planted() {
        let mut socket = socket();
        while socket.write_all(&[0x41; 1 << 16]).is_ok() {}
    }
}

/// Well framed, and the right size by its header; but a page with a script is no JPEG.
#[test]
fn child_that_answers_a_page() {
    if planted() {
        let page = b"<html><script>alert(1)</script>";
        let mut answer = b"fspic-a1\x01\x00".to_vec();
        for number in [8u32, 8, page.len() as u32, page.len() as u32] {
            answer.extend(number.to_le_bytes());
        }
        answer.extend(page);
        answer.extend(page);
        socket().write_all(&answer).unwrap();
        std::process::exit(0);
    }
}

/// A real JPEG, of another shape than the picture's.
#[test]
fn child_that_answers_another_size() {
    if planted() {
        let jpeg = photo(64, 64);
        let mut answer = b"fspic-a1\x01\x00".to_vec();
        for number in [4000u32, 3000, jpeg.len() as u32, jpeg.len() as u32] {
            answer.extend(number.to_le_bytes());
        }
        answer.extend(&jpeg);
        answer.extend(&jpeg);
        socket().write_all(&answer).unwrap();
        std::process::exit(0);
    }
}

/// Tries what somebody would who runs code in the decoder; tells what worked.
#[test]
fn child_that_breaks_out() {
    if !planted() {
        return;
    }
    let mut socket = socket();
    let (leaked, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
    leaked.set_nonblocking(true).unwrap();
    let parent = rustix::process::getppid();
    let filtered = confine(64 << 20, 5);
    let worked = [
        ("filter missing", !filtered),
        ("read a file", std::fs::read("/etc/hostname").is_ok()),
        ("list a folder", std::fs::read_dir("/").is_ok()),
        (
            "write a file",
            std::fs::write(std::env::temp_dir().join("out"), "x").is_ok(),
        ),
        (
            "open a connection",
            std::net::TcpListener::bind("127.0.0.1:0").is_ok(),
        ),
        (
            "start a program",
            std::process::Command::new("/bin/true").spawn().is_ok(),
        ),
        (
            "start a thread",
            std::thread::Builder::new().spawn(|| ()).is_ok(),
        ),
        ("use a leaked descriptor", other.write_all(b"x").is_ok()),
        ("read a leaked descriptor", (&leaked).read(&mut [0]).is_ok()),
        (
            "end its parent",
            parent.is_some_and(|parent| rustix::process::test_kill_process(parent).is_ok()),
        ),
    ];
    let told: Vec<_> = worked
        .iter()
        .filter(|(_, worked)| *worked)
        .map(|(what, _)| *what)
        .collect();
    // Its own copy of the socket is another descriptor, and as mute as all others.
    let own = socket.write_all(b"x").is_ok();
    let text = format!("worked: {told:?} {own}");
    rustix::io::write(rustix::stdio::stdin(), text.as_bytes()).unwrap();
    std::process::exit(0);
}

#[test]
fn a_photo_gets_its_previews() {
    let bytes = photo(2000, 1000);
    let made = made(&by("child_as_it_is"), &bytes).unwrap();
    assert_eq!((made.width, made.height), (2000, 1000));
    for (jpeg, size) in [(&made.screen, (1600, 800)), (&made.thumb, (320, 160))] {
        let small = image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).unwrap();
        assert_eq!((small.width(), small.height()), size);
    }
}

#[test]
fn whatever_becomes_of_the_child_has_a_word() {
    let bytes = photo(640, 480);
    for (child, why) in [
        ("child_that_aborts", NoPreview::Stopped),
        ("child_that_overflows_its_stack", NoPreview::Stopped),
        ("child_that_spins", NoPreview::TooLong),
        ("child_that_eats_memory", NoPreview::Memory),
        ("child_that_answers_garbage", NoPreview::Stopped),
        ("child_that_answers_without_end", NoPreview::Stopped),
        ("child_that_answers_a_page", NoPreview::Stopped),
        ("child_that_answers_another_size", NoPreview::Stopped),
        ("no_such_child", NoPreview::Stopped),
    ] {
        assert_eq!(made(&by(child), &bytes).unwrap_err(), why, "{child}");
    }
    let hanging = Decoder::of_test("child_that_hangs").within(Limits {
        wait: Duration::from_millis(300),
        ..tight()
    });
    assert_eq!(made(&hanging, &bytes).unwrap_err(), NoPreview::TooLong);
    // More than the socket holds: the parent is still writing when its time is up.
    let large = vec![0xff; 8 << 20];
    assert_eq!(made(&hanging, &large).unwrap_err(), NoPreview::TooLong);
    let nowhere = Decoder::of_program("/nonexistent/decoder".into(), Vec::new());
    assert_eq!(made(&nowhere, &bytes).unwrap_err(), NoPreview::NoDecoder);
    // And the next one is served as ever.
    assert!(made(&by("child_as_it_is"), &bytes).is_ok());
}

#[test]
fn a_program_that_never_said_so_is_not_started_again() {
    let bytes = photo(64, 64);
    let why = made(&Decoder::of_this_program(), &bytes).unwrap_err();
    assert_eq!(why, NoPreview::NoDecoder);
}

/// The answer of this child is read by hand: it is no frame.
#[test]
fn code_that_runs_in_the_decoder_reaches_nothing() {
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut child = std::process::Command::new("/proc/self/exe")
        .args(["--exact", "child_that_breaks_out", "--nocapture"])
        .env_clear()
        .env(CHILD_VARIABLE, "1")
        .stdin(std::os::fd::OwnedFd::from(theirs))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut told = String::new();
    ours.read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    assert_eq!(told, "worked: [] false");
}

#[test]
fn an_original_that_breaks_off_is_unreadable() {
    let decoder = by("child_as_it_is");
    let bytes = photo(640, 480);
    let short = decoder.previews(bytes.len() as u64 + 1, &mut &bytes[..]);
    assert_eq!(short.unwrap_err(), NoPreview::Unreadable);
    let none = decoder.previews(0, &mut &bytes[..]);
    assert_eq!(none.unwrap_err(), NoPreview::Empty);
    let vast = decoder.previews(u64::MAX, &mut std::io::repeat(0xff));
    assert_eq!(vast.unwrap_err(), NoPreview::TooLarge);
}

/// A PNG of 30 KB that would be 12 GB, a TIFF and a GIF that promise more than they hold: refused by their pixels, or by the memory
/// that the process gets.
#[test]
fn bombs_go_off_in_the_child() {
    let decoder = by("child_as_it_is");
    let mut png = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(20_000, 16)
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let mut png = png.into_inner();
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let why = made(&decoder, &png).unwrap_err();
    assert!(
        matches!(why, NoPreview::TooLarge | NoPreview::Broken),
        "{why:?}"
    );
    let mut gif = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    gif.extend(b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0;");
    let why = made(&decoder, &gif).unwrap_err();
    assert!(
        matches!(why, NoPreview::TooLarge | NoPreview::Broken),
        "{why:?}"
    );
    // A JPEG that says 65,500 by 65,500.
    let mut jpeg = photo(64, 64);
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    assert_eq!(made(&decoder, &jpeg).unwrap_err(), NoPreview::TooLarge);
    // The process's limits hold whatever the decoder believes: a fair picture that does not fit into a small one.
    let small = by("child_as_it_is").within(Limits {
        memory_bytes: 3 << 20,
        ..tight()
    });
    let mut fair = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(11_000, 11_000)
        .write_to(&mut fair, image::ImageFormat::Png)
        .unwrap();
    assert_eq!(
        made(&small, &fair.into_inner()).unwrap_err(),
        NoPreview::Memory
    );
}

#[test]
fn a_stop_ends_what_is_being_decoded() {
    let bytes = photo(64, 64);
    let decoder = by("child_that_hangs").within(Limits {
        wait: Duration::from_secs(3600),
        ..tight()
    });
    let other = decoder.for_another_owner();
    let why = std::thread::scope(|scope| {
        let asked = scope.spawn(|| made(&decoder, &bytes));
        std::thread::sleep(Duration::from_millis(200));
        decoder.clone().stop();
        asked.join().unwrap()
    });
    assert_eq!(why.unwrap_err(), NoPreview::NoDecoder);
    assert_eq!(made(&decoder, &bytes).unwrap_err(), NoPreview::NoDecoder);
    let other = other.within(Limits {
        wait: Duration::from_millis(300),
        ..tight()
    });
    assert_eq!(made(&other, &bytes).unwrap_err(), NoPreview::TooLong);
}

#[test]
fn a_stamped_copy_has_the_strip_below_it_and_nothing_of_the_rest_is_changed() {
    let photo = photo(3200, 2400);
    let decoder = by("child_as_it_is");
    let plain = made(&decoder, &photo).unwrap();
    let strip = |width: u32, height: u32| Strip {
        width,
        height,
        grey: (0..width * height)
            .map(|at| if at % width < width / 2 { 0 } else { 255 })
            .collect(),
    };
    let stamped = |strip: &Strip| decoder.stamped(photo.len() as u64, &mut &photo[..], strip);
    let copy = stamped(&strip(1600, 160)).unwrap();
    let copy = image::load_from_memory(&copy).unwrap().into_rgb8();
    assert_eq!(copy.dimensions(), (1600, 1360));
    let near = |at: (u32, u32), value: u8| {
        let pixel = copy.get_pixel(at.0, at.1).0;
        pixel.iter().all(|sample| sample.abs_diff(value) < 12)
    };
    assert!(near((100, 1280), 0) && near((1500, 1280), 255));
    let screen = image::load_from_memory(&plain.screen).unwrap().into_rgb8();
    let differs = |x: u32, y: u32| {
        let (a, b) = (screen.get_pixel(x, y).0, copy.get_pixel(x, y).0);
        a.iter().zip(b).any(|(a, b)| a.abs_diff(b) > 2)
    };
    assert!(!(0..1600).any(|x| differs(x, 0) || differs(x, 1100)));
    // A strip of another width than the picture's, or that is no rectangle, is not made to fit.
    let mut ragged = strip(1600, 160);
    ragged.grey.pop();
    for wrong in [
        strip(1599, 160),
        strip(1601, 160),
        strip(1600, 0),
        strip(1600, 1601),
        ragged,
    ] {
        assert_eq!(stamped(&wrong), Err(NoPreview::Broken), "{wrong:?}");
    }
}

#[test]
fn a_redacted_copy_is_black_where_it_was_asked_for_and_unchanged_elsewhere() {
    let photo = photo(3200, 2400);
    let decoder = by("child_as_it_is");
    let plain = made(&decoder, &photo).unwrap();
    let screen = image::load_from_memory(&plain.screen).unwrap().into_rgb8();
    let redacted = |areas: &[Area]| decoder.redacted(photo.len() as u64, &mut &photo[..], areas);
    let area = |x, y, width, height| Area {
        x,
        y,
        width,
        height,
    };
    let areas = [area(400, 300, 800, 600), area(3000, 2300, 200, 100)];
    let copy = image::load_from_memory(&redacted(&areas).unwrap())
        .unwrap()
        .into_rgb8();
    assert_eq!(copy.dimensions(), (1600, 1200));
    let black = |x: u32, y: u32| copy.get_pixel(x, y).0.iter().all(|sample| *sample < 8);
    for (x, y) in [
        (200, 150),
        (599, 449),
        (400, 300),
        (1500, 1150),
        (1599, 1199),
    ] {
        assert!(black(x, y), "{x}, {y}: {:?}", copy.get_pixel(x, y));
    }
    let same = |x: u32, y: u32| {
        let (a, b) = (screen.get_pixel(x, y).0, copy.get_pixel(x, y).0);
        a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 3)
    };
    assert!((0..1600).all(|x| same(x, 40) && same(x, 1100)));
    assert!((0..1200).all(|y| same(100, y) && same(1000, y)));
    // What does not lie in the picture is not made to fit, and none at all is no redaction.
    let many = vec![area(0, 0, 1, 1); MAX_AREAS + 1];
    for wrong in [&[][..], &[area(0, 0, 3201, 1)], &[area(5, 5, 0, 9)], &many] {
        assert_eq!(redacted(wrong), Err(NoPreview::Broken), "{wrong:?}");
    }
}
