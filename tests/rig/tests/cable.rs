//! Each fault of a cable, with a server at its end that says back what it hears.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tim_rig::{Cable, Direction, Loss};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const MOMENT: Duration = Duration::from_millis(200);

/// A server that opens with one byte and then says back what it hears.
async fn echo(opening: u8) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(&[opening]).await?;
                let (mut reader, mut writer) = stream.split();
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
    address
}

/// Connects and reads the opening.
async fn connect(cable: &Cable) -> (TcpStream, u8) {
    let mut stream = TcpStream::connect(cable.address()).await.unwrap();
    let opening = stream.read_u8().await.unwrap();
    (stream, opening)
}

async fn answer(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).await?;
    Ok(heard)
}

async fn round_trip(stream: &mut TcpStream) -> Duration {
    let started = Instant::now();
    assert_eq!(answer(stream, b"hello").await.unwrap(), b"hello");
    started.elapsed()
}

async fn cable() -> (Cable, TcpStream) {
    let cable = Cable::to(echo(b'a').await).await.unwrap();
    let (stream, _) = connect(&cable).await;
    (cable, stream)
}

#[tokio::test]
async fn without_a_fault_everything_passes_in_order() {
    let (cable, mut stream) = cable().await;
    let sent: Vec<u8> = (0..1_000_000_u32).map(|it| (it % 251) as u8).collect();
    let (mut reader, mut writer) = stream.split();
    let mut heard = Vec::new();
    let (sending, hearing) = tokio::join!(
        async {
            writer.write_all(&sent).await?;
            writer.shutdown().await
        },
        reader.read_to_end(&mut heard)
    );
    sending.unwrap();
    hearing.unwrap();
    assert!(heard == sent);
    drop(stream);
    while cable.connections() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn latency_counts_both_ways_until_it_is_healed() {
    let (cable, mut stream) = cable().await;
    assert!(round_trip(&mut stream).await < MOMENT);
    cable.set_latency(MOMENT);
    assert!(round_trip(&mut stream).await >= MOMENT * 2);
    cable.heal().await.unwrap();
    assert!(round_trip(&mut stream).await < MOMENT);
}

#[tokio::test]
async fn lost_packets_come_late_but_come() {
    let (cable, mut stream) = cable().await;
    cable.set_loss(Some(Loss { share: 1.0, held_back: MOMENT }));
    assert!(round_trip(&mut stream).await >= MOMENT * 2);
    cable.set_loss(Some(Loss { share: 0.0, held_back: MOMENT }));
    assert!(round_trip(&mut stream).await < MOMENT);
}

#[tokio::test]
async fn bandwidth_is_shared_out_over_time() {
    let (cable, mut stream) = cable().await;
    cable.set_bandwidth(Some(100_000));
    let started = Instant::now();
    answer(&mut stream, &[7; 50_000]).await.unwrap();
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
async fn a_frozen_connection_goes_on_where_it_was() {
    let (cable, mut stream) = cable().await;
    cable.freeze();
    let hearing = answer(&mut stream, b"hello");
    tokio::pin!(hearing);
    assert!(timeout(MOMENT, &mut hearing).await.is_err());
    cable.heal().await.unwrap();
    assert_eq!(hearing.await.unwrap(), b"hello");
}

#[tokio::test]
async fn half_open_connections_stay_open_and_dead() {
    let (cable, mut old) = cable().await;
    cable.half_open();
    let mut new = TcpStream::connect(cable.address()).await.unwrap();
    for stream in [&mut old, &mut new] {
        assert!(timeout(MOMENT, answer(stream, b"hello")).await.is_err());
    }
    cable.heal().await.unwrap();
    let (mut fresh, _) = connect(&cable).await;
    assert_eq!(answer(&mut fresh, b"hello").await.unwrap(), b"hello");
    for stream in [&mut old, &mut new] {
        assert!(timeout(MOMENT, answer(stream, b"hello")).await.is_err());
    }
    assert_eq!(cable.connections(), 3);
    cable.cut();
    for mut stream in [old, new, fresh] {
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[tokio::test]
async fn the_other_end_does_not_hear_of_the_end_of_a_half_open_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cable = Cable::to(listener.local_addr().unwrap()).await.unwrap();
    let mut ends = Vec::new();
    for _ in 0..2 {
        let client = TcpStream::connect(cable.address()).await.unwrap();
        ends.push((client, listener.accept().await.unwrap().0));
    }
    let (closed, mut of_closed) = ends.remove(0);
    let (reset, mut of_reset) = ends.remove(0);
    cable.half_open();
    drop(closed);
    reset.set_zero_linger().unwrap();
    drop(reset);
    for server in [&mut of_closed, &mut of_reset] {
        assert!(timeout(MOMENT, server.read_u8()).await.is_err());
    }
}

#[tokio::test]
async fn refused_connections_are_accepted_after_healing() {
    let (cable, mut stream) = cable().await;
    cable.refuse().await.unwrap();
    let refused = TcpStream::connect(cable.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(answer(&mut stream, b"hello").await.unwrap(), b"hello");
    cable.heal().await.unwrap();
    connect(&cable).await;
}

#[tokio::test]
async fn a_cut_resets_what_is_there_and_nothing_else() {
    let (cable, mut stream) = cable().await;
    cable.cut();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let (mut stream, _) = connect(&cable).await;
    assert_eq!(answer(&mut stream, b"hello").await.unwrap(), b"hello");
    drop(cable);
    assert!(answer(&mut stream, b"hello").await.is_err());
}

#[tokio::test]
async fn a_frame_is_cut_in_the_middle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cable = Cable::to(listener.local_addr().unwrap()).await.unwrap();
    for direction in [Direction::ToServer, Direction::ToClient] {
        let client = TcpStream::connect(cable.address()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let (mut from, mut to) = match direction {
            Direction::ToServer => (client, server),
            Direction::ToClient => (server, client),
        };
        cable.cut_mid_frame(direction);
        // The other direction is not what was meant.
        to.write_all(b"back").await.unwrap();
        let mut back = [0; 4];
        from.read_exact(&mut back).await.unwrap();
        from.write_all(b"12345678").await.unwrap();
        let mut heard = Vec::new();
        to.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"12345");
        assert_eq!(from.read(&mut back).await.unwrap_or(0), 0);
    }
    let client = TcpStream::connect(cable.address()).await;
    assert!(client.is_ok(), "one cut is one connection");
}

#[tokio::test]
async fn it_can_be_pointed_elsewhere() {
    let (cable, mut old) = cable().await;
    cable.point_to(echo(b'b').await);
    let (_, opening) = connect(&cable).await;
    assert_eq!(opening, b'b');
    assert_eq!(answer(&mut old, b"hello").await.unwrap(), b"hello");
    cable.point_to(tim_rig::port::Port::claim().unwrap().address());
    let mut nowhere = TcpStream::connect(cable.address()).await.unwrap();
    assert!(nowhere.read_u8().await.is_err());
}
