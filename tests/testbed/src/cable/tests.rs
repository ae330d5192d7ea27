use super::*;

/// A cable, and both ends of a connection through it.
async fn connected() -> (Cable, TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let cable = Cable::to_address(listener.local_addr().unwrap()).await;
    let near = TcpStream::connect(("127.0.0.1", cable.port())).await;
    let (far, _) = listener.accept().await.unwrap();
    (cable, near.unwrap(), far)
}

async fn hears(end: &mut TcpStream, wanted: &[u8]) {
    let mut heard = vec![0; wanted.len()];
    end.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, wanted);
}

#[tokio::test]
async fn what_one_end_says_the_other_hears_also_late_and_in_drops() {
    let (cable, mut near, mut far) = connected().await;
    let long = [7; 3 * DROP + 1];
    for fault in [
        Fault::Nothing,
        Fault::Late(Duration::from_millis(5)),
        Fault::Drip,
    ] {
        cable.set(fault);
        near.write_all(&long).await.unwrap();
        hears(&mut far, &long).await;
        far.write_all(b"back").await.unwrap();
        hears(&mut near, b"back").await;
    }
    assert_eq!(cable.carried(), 3 * (long.len() + 4));
}

#[tokio::test]
async fn what_is_held_comes_later_and_the_other_way_is_free() {
    let (cable, mut near, mut far) = connected().await;
    cable.set(Fault::Held(Way::There));
    near.write_all(b"first").await.unwrap();
    far.write_all(b"back").await.unwrap();
    hears(&mut near, b"back").await;
    assert_eq!(cable.carried(), 4);
    cable.heal();
    hears(&mut far, b"first").await;
}

#[tokio::test]
async fn what_is_lost_never_comes_and_the_connection_stays_open_without_it() {
    let (cable, mut near, mut far) = connected().await;
    cable.set(Fault::Lost(Way::There));
    near.write_all(b"lost").await.unwrap();
    far.write_all(b"back").await.unwrap();
    hears(&mut near, b"back").await;
    cable.heal();
    near.write_all(b"more").await.unwrap();
    drop(near);
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"");
}

#[tokio::test]
async fn a_cut_cable_breaks_what_is_open_and_turns_away_until_it_is_healed() {
    let (cable, mut near, mut far) = connected().await;
    cable.set(Fault::Cut);
    assert!(!matches!(near.read(&mut [0; 1]).await, Ok(1..)));
    assert!(!matches!(far.read(&mut [0; 1]).await, Ok(1..)));
    let mut turned_away = TcpStream::connect(("127.0.0.1", cable.port()))
        .await
        .unwrap();
    assert!(!matches!(turned_away.read(&mut [0; 1]).await, Ok(1..)));
}
