//! The chain and its faults: what the verifier must find, and what failing disks may do.

use crate::line::{Line, unhex};
use crate::writer::{LogFile, OpenFile, Syncer};
use crate::{
    FaultKind, Follower, Report, RetentionPolicy, SyncMode, Trail, TrailConfig, TrailError, VerifyOptions,
    tail, verify,
};
use keywright_crypto::{Keyring, RootKey, SystemRng};
use keywright_types::{Clock, ManualClock, NodeId, StoreId, Timestamp};
use parking_lot::Mutex;
use proptest::prelude::*;
use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Whoever signs; the keyring gives out as many signers of its one key as are wanted.
fn signer() -> Keyring {
    Keyring::create(&RootKey::generate(&SystemRng), StoreId::from_random([1; 16]), &SystemRng).0
}

fn config(dir: &Path, segment_bytes_max: u64) -> TrailConfig {
    TrailConfig {
        dir: dir.to_owned(),
        node: NodeId::from_random([3; 16]),
        segment_bytes_max,
        sync: SyncMode::Group(Duration::from_millis(5)),
        retention: RetentionPolicy::default(),
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp::from_seconds(1_767_225_600)))
}

fn open(dir: &Path, segment_bytes_max: u64, signer: &Keyring) -> Trail {
    let share = signer.trail_signer();
    Trail::open(config(dir, segment_bytes_max), share, clock()).expect("it opens").0
}

fn event(number: usize) -> String {
    format!("{{\"eventID\":\"{number:08}\",\"eventName\":\"Encrypt\"}}")
}

fn sound(dir: &Path) -> Report {
    let report = verify(dir, &VerifyOptions::default()).expect("it reads");
    assert!(report.is_sound(), "{report}");
    report
}

fn only_segment(dir: &Path) -> PathBuf {
    let mut files: Vec<_> =
        fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// A trail of one segment: 20 events, a checkpoint, 5 more.
async fn small_trail(dir: &Path) -> (Keyring, crate::Head) {
    let signer = signer();
    let trail = open(dir, u64::MAX, &signer);
    for number in 0..20 {
        trail.append(event(number)).await.expect("it is appended");
    }
    trail.checkpoint().await.expect("it is signed");
    for number in 20..25 {
        trail.append(event(number)).await.expect("it is appended");
    }
    let head = trail.head();
    // Ended without the signature of a good end, as by a kill.
    drop(trail);
    (signer, head)
}

#[tokio::test]
async fn events_come_back_in_order_across_segments_and_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = signer();
    for round in 0..3 {
        let trail = open(folder.path(), 2000, &signer);
        for number in 0..50 {
            trail.append(event(round * 50 + number)).await.expect("it is appended");
        }
        trail.close().await.expect("it closes");
    }
    let report = sound(folder.path());
    assert_eq!((report.events, report.first_seq, report.unsigned_lines), (150, 1, 0));
    assert!(report.segments > 5 && report.checkpoints >= report.segments - 1, "{report}");
    let all = tail(folder.path(), usize::MAX).expect("it reads");
    assert_eq!(all, (0..150).map(event).collect::<Vec<_>>());
    assert_eq!(tail(folder.path(), 7).expect("it reads"), all[143..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_lose_and_double_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let trail = Arc::new(open(folder.path(), 20_000, &signer()));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..16 {
        let trail = Arc::clone(&trail);
        writers.spawn(async move {
            for number in 0..100 {
                let pair = vec![event(writer * 1000 + number * 2), event(writer * 1000 + number * 2 + 1)];
                trail.append_all(pair).await.expect("it is appended");
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.expect("no panic");
    }
    trail.close().await.expect("it closes");
    assert_eq!(sound(folder.path()).events, 3200);
    let all = tail(folder.path(), usize::MAX).expect("it reads");
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), 3200);
    for pair in all.chunks(2) {
        let number = |text: &str| text[12..20].parse::<usize>().expect("a number");
        assert_eq!(number(&pair[0]) + 1, number(&pair[1]), "what belongs together stays together");
    }
}

#[tokio::test]
async fn every_kind_of_damage_is_found_at_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, head) = small_trail(folder.path()).await;
    let path = only_segment(folder.path());
    let good = fs::read_to_string(&path).expect("text");
    let lines: Vec<&str> = good.lines().collect();
    // A segment's first line, 25 events, one checkpoint.
    assert_eq!(lines.len(), 27);
    let fault = |content: String, options: VerifyOptions| {
        fs::write(&path, content).expect("it is written");
        let report = verify(folder.path(), &options).expect("it reads");
        report.fault.map(|fault| (fault.kind, fault.line))
    };
    let without = |at: usize| [&lines[..at], &lines[at + 1..]].concat().join("\n") + "\n";
    let none = VerifyOptions::default;
    assert_eq!(fault(good.clone(), none()), None);
    assert_eq!(fault(without(5), none()), Some((FaultKind::Missing, 6)));
    let mut swapped = lines.clone();
    swapped.swap(5, 6);
    assert_eq!(fault(swapped.join("\n") + "\n", none()), Some((FaultKind::Missing, 6)));
    let mut doubled = lines.clone();
    doubled.insert(6, lines[5]);
    assert_eq!(fault(doubled.join("\n") + "\n", none()), Some((FaultKind::OutOfOrder, 7)));
    let edited = good.replacen("\"00000007\"", "\"00000008\"", 1);
    assert_eq!(fault(edited, none()), Some((FaultKind::Changed, 10)), "the next line tells");
    let broken = good.replacen("\"eventID\":\"00000007\"", "\"eventID\":\"0000", 1);
    assert_eq!(fault(broken, none()), Some((FaultKind::Unreadable, 9)));
    // The last lines can only be missed by who knows that they were there.
    let cut = lines[..25].join("\n") + "\n";
    assert_eq!(fault(cut.clone(), none()), None);
    assert_eq!(fault(cut, none().expect_head(head)), Some((FaultKind::CutTail, 26)));
    assert_eq!(fault(good.clone(), none().expect_head(head)), None);
    fs::remove_file(&path).expect("it goes");
    let gone = verify(folder.path(), &none().expect_head(head)).expect("it reads");
    assert_eq!(gone.fault.map(|fault| fault.kind), Some(FaultKind::CutTail));
}

/// Somebody who edits and mends the chain behind it still lacks the signature.
#[tokio::test]
async fn a_mended_chain_lacks_its_signature() {
    let folder = tempfile::tempdir().expect("a folder");
    let (own, _) = small_trail(folder.path()).await;
    let path = only_segment(folder.path());
    let good = fs::read_to_string(&path).expect("text");
    let mut prev = crate::line::NO_LINE;
    let mut mended = String::new();
    for line in good.lines() {
        let line = line.replace("00000007", "00000666");
        let parsed = Line::parse(line.as_bytes()).expect("a line");
        let old = parsed.prev.to_owned();
        let line = line.replacen(&old, &crate::line::hex(&prev), 1);
        prev = crate::line::hash(line.as_bytes());
        mended.push_str(&line);
        mended.push('\n');
    }
    fs::write(&path, mended).expect("it is written");
    let report = verify(folder.path(), &VerifyOptions::default()).expect("it reads");
    assert_eq!(report.fault.map(|fault| fault.kind), Some(FaultKind::BadSignature));
    fs::write(&path, good).expect("it is written");
    use base64::Engine as _;
    let key_of = |signer: &Keyring| {
        base64::engine::general_purpose::STANDARD.encode(signer.trail_signer().public_key())
    };
    let expecting = |key: &str| VerifyOptions::default().expect_public_key(key).expect("a key");
    assert!(verify(folder.path(), &expecting(&key_of(&own))).expect("it reads").is_sound());
    let report = verify(folder.path(), &expecting(&key_of(&signer()))).expect("it reads");
    assert_eq!(report.fault.map(|fault| fault.kind), Some(FaultKind::ForeignKey));
}

#[tokio::test]
async fn a_torn_last_line_is_cut_and_told_and_the_chain_goes_on() {
    for cut in [1, 10, 60] {
        let folder = tempfile::tempdir().expect("a folder");
        let (signer, _) = small_trail(folder.path()).await;
        let path = only_segment(folder.path());
        let good = fs::read(&path).expect("bytes");
        fs::write(&path, &good[..good.len() - cut]).expect("it is written");
        sound(folder.path());
        let share = signer.trail_signer();
        let (trail, opening) =
            Trail::open(config(folder.path(), u64::MAX), share, clock()).expect("it opens");
        let torn = opening.torn.expect("it is told");
        assert!(torn.bytes > 0);
        trail.append(event(999)).await.expect("it is appended");
        trail.close().await.expect("it closes");
        let all = tail(folder.path(), usize::MAX).expect("it reads");
        assert_eq!(all.len(), 25, "24 whole ones and the new one");
        assert_eq!(all.last(), Some(&event(999)));
        sound(folder.path());
    }
}

#[tokio::test]
async fn a_trail_whose_end_was_edited_does_not_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let (signer, _) = small_trail(folder.path()).await;
    let path = only_segment(folder.path());
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("it opens");
    file.write_all(b"not a line of the trail\n").expect("it is written");
    let share = signer.trail_signer();
    let refused = Trail::open(config(folder.path(), u64::MAX), share, clock()).err();
    assert!(matches!(refused, Some(TrailError::Unreadable { .. })), "{refused:?}");
}

#[tokio::test]
async fn records_are_one_line_of_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let trail = open(folder.path(), u64::MAX, &signer());
    for bad in ["", "text", "{\n}", "[]"] {
        assert!(matches!(trail.append(bad.to_owned()).await, Err(TrailError::NotOneLine)), "{bad:?}");
    }
    trail.append(event(1)).await.expect("it is appended");
    trail.close().await.expect("it closes");
    assert_eq!(sound(folder.path()).events, 1);
}

#[tokio::test]
async fn a_follower_sees_everything_from_its_start_across_segments() {
    let folder = tempfile::tempdir().expect("a folder");
    let trail = open(folder.path(), 1500, &signer());
    trail.append(event(0)).await.expect("it is appended");
    let mut follower = Follower::at_end(folder.path()).expect("it opens");
    let mut seen = Vec::new();
    for number in 1..60 {
        trail.append(event(number)).await.expect("it is appended");
        seen.extend(follower.poll().expect("it reads"));
    }
    assert_eq!(seen, (1..60).map(event).collect::<Vec<_>>());
}

#[tokio::test]
async fn old_segments_go_and_the_report_says_where_the_rest_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let signer = signer();
    let share = signer.trail_signer();
    let mut small = config(folder.path(), 1500);
    small.retention = RetentionPolicy { max_age: None, max_bytes: Some(3000) };
    let (trail, _) = Trail::open(small, share, clock()).expect("it opens");
    for number in 0..300 {
        trail.append(event(number)).await.expect("it is appended");
    }
    trail.close().await.expect("it closes");
    // Compression and retention run beside; the newest close has them done or not, the rest is older.
    let mut report = sound(folder.path());
    for _ in 0..500 {
        if report.first_seq > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        report = sound(folder.path());
    }
    assert!(report.first_seq > 1, "{report}");
    assert_eq!(tail(folder.path(), 1).expect("it reads"), [event(299)]);
}

/// A file whose next appends or syncs fail as told.
#[derive(Default)]
struct Faults {
    /// Bytes until the disk is full; none for no limit.
    room: Mutex<Option<usize>>,
    append: Mutex<Option<io::ErrorKind>>,
    sync: Mutex<Option<io::ErrorKind>>,
}

struct FaultyFile {
    file: Arc<fs::File>,
    faults: Arc<Faults>,
}

impl LogFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(kind) = self.faults.append.lock().take() {
            (&*self.file).write_all(&bytes[..bytes.len() / 2])?;
            return Err(kind.into());
        }
        if let Some(room) = self.faults.room.lock().as_mut() {
            if *room < bytes.len() {
                (&*self.file).write_all(&bytes[..*room])?;
                *room = 0;
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= bytes.len();
        }
        (&*self.file).write_all(bytes)
    }
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
    fn syncer(&self) -> Arc<dyn Syncer> {
        Arc::new(FaultySyncer(Arc::clone(&self.faults)))
    }
}

struct FaultySyncer(Arc<Faults>);

impl Syncer for FaultySyncer {
    fn sync(&self) -> io::Result<()> {
        match *self.0.sync.lock() {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

fn faulty(faults: &Arc<Faults>) -> OpenFile {
    let faults = Arc::clone(faults);
    Box::new(move |path| {
        let file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Box::new(FaultyFile { file: Arc::new(file), faults: Arc::clone(&faults) }))
    })
}

fn open_faulty(dir: &Path, faults: &Arc<Faults>, sync: SyncMode) -> Trail {
    let config = TrailConfig { sync, ..config(dir, u64::MAX) };
    Trail::open_with(config, signer().trail_signer(), clock(), faulty(faults)).expect("it opens").0
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers_without_a_torn_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = Arc::new(Faults::default());
    let trail = open_faulty(folder.path(), &faults, SyncMode::Group(Duration::from_millis(5)));
    trail.append(event(0)).await.expect("it is appended");
    *faults.room.lock() = Some(70);
    assert!(matches!(trail.append(event(1)).await, Err(TrailError::DiskFull)));
    assert!(matches!(trail.append_all(vec![event(2), event(3)]).await, Err(TrailError::DiskFull)));
    sound(folder.path());
    *faults.room.lock() = None;
    trail.append(event(4)).await.expect("there is space again");
    drop(trail);
    assert_eq!(tail(folder.path(), usize::MAX).expect("it reads"), [event(0), event(4)]);
    sound(folder.path());
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_written_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let faults = Arc::new(Faults::default());
    let trail = open_faulty(folder.path(), &faults, SyncMode::Group(Duration::from_millis(5)));
    trail.append(event(0)).await.expect("it is appended");
    *faults.append.lock() = Some(io::ErrorKind::Other);
    assert!(matches!(trail.append(event(1)).await, Err(TrailError::Stopped { .. })));
    assert!(matches!(trail.append(event(2)).await, Err(TrailError::Stopped { .. })), "for good");
    assert!(!trail.failure().await.is_empty());
    drop(trail);
    let share = signer().trail_signer();
    let (trail, opening) = Trail::open(config(folder.path(), u64::MAX), share, clock()).expect("it opens");
    assert!(opening.torn.is_some(), "half of the refused line was there");
    drop(trail);
    assert_eq!(tail(folder.path(), usize::MAX).expect("it reads"), [event(0)]);
}

#[tokio::test]
async fn a_failed_fsync_ends_the_trail_in_both_modes() {
    for mode in [SyncMode::Strict, SyncMode::Group(Duration::from_millis(1))] {
        let folder = tempfile::tempdir().expect("a folder");
        let faults = Arc::new(Faults::default());
        let trail = open_faulty(folder.path(), &faults, mode);
        trail.append(event(0)).await.expect("it is appended");
        *faults.sync.lock() = Some(io::ErrorKind::Other);
        let outcome = trail.append(event(1)).await;
        if mode == SyncMode::Strict {
            assert!(
                matches!(outcome, Err(TrailError::Stopped { .. })),
                "not answered before it is on the disk"
            );
        }
        assert!(!trail.failure().await.is_empty());
        // The disk says it works again; what the kernel dropped is gone all the same.
        *faults.sync.lock() = None;
        assert!(matches!(trail.append(event(2)).await, Err(TrailError::Stopped { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One flipped bit anywhere before the last checkpoint is found, whoever flipped it.
    #[test]
    fn one_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        runtime.block_on(small_trail(folder.path()));
        let path = only_segment(folder.path());
        let mut bytes = fs::read(&path).expect("bytes");
        let text = String::from_utf8(bytes.clone()).expect("text");
        let signed = text.find("\"checkpoint\"").expect("a checkpoint");
        let place = at.index(signed);
        bytes[place] ^= 1 << bit;
        fs::write(&path, &bytes).expect("it is written");
        let report = verify(folder.path(), &VerifyOptions::default()).expect("it reads");
        // A segment's own first line is chained like any other.
        prop_assert!(!report.is_sound(), "byte {place}, bit {bit}: {}", &text[place..place + 1]);
    }

    /// What strangers put into the folder is answered.
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(crate::segment::plain_path(folder.path(), 1), &bytes).expect("it is written");
        let _answered = verify(folder.path(), &VerifyOptions::default());
        let _answered = tail(folder.path(), 10);
        prop_assert!(unhex(&String::from_utf8_lossy(&bytes)).is_none() || bytes.len() == 64);
    }
}

#[tokio::test]
async fn records_are_looked_for_after_a_line_and_heads_are_compared() {
    use keywright_types::EventId;
    let folder = tempfile::tempdir().expect("a folder");
    let trail = open(folder.path(), 2000, &signer());
    let id = |number: u8| EventId::from_random([number; 16]);
    let record = |number: u8| format!("{{\"text\":\"eventID\\\":\\\"x\",\"eventID\":\"{}\"}}", id(number));
    let mut heads = Vec::new();
    for number in 0..60 {
        trail.append(record(number)).await.expect("it is appended");
        heads.push(trail.head());
    }
    let wanted: HashSet<EventId> = [id(3), id(40), id(59), id(200)].into();
    let found = |after_seq| trail.contains(&wanted, after_seq).expect("it reads");
    assert_eq!(found(0), HashSet::from([id(3), id(40), id(59)]));
    assert_eq!(found(heads[3].seq), HashSet::from([id(40), id(59)]));
    assert_eq!(found(heads[40].seq - 1), HashSet::from([id(40), id(59)]));
    assert_eq!(found(heads[59].seq), HashSet::new());
    for head in &heads {
        assert!(trail.holds(*head).expect("it reads"));
    }
    let changed = crate::Head { seq: heads[5].seq, hash: heads[6].hash };
    assert!(!trail.holds(changed).expect("it reads"));
    let cut = crate::Head { seq: heads[59].seq + 1, hash: heads[59].hash };
    assert!(!trail.holds(cut).expect("it reads"));
}
