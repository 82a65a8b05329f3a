//! The storage by itself: what the writer remembers and how it survives a database that gives up.
//!
//! Batches are made for certain here, which over a socket are a matter of luck: whatever is asked for
//! in one turn is one transaction.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tim_protocol::{call::Sent, ids::Seq, user::Profile};
use tim_server::storage::{
    AccountKey, Append, AppendError, LoginOutcome, NewLogin, NodeKey, SessionKey, Storage,
    StorageError, Stored,
};
use tokio::sync::oneshot;

mod support;

use support::Home;

struct Chat {
    home: Home,
    session: SessionKey,
    storage: Storage,
    announced: Arc<Mutex<Vec<Seq>>>,
    ann: AccountKey,
    bob: AccountKey,
}

async fn account(storage: &Storage, user: &str) -> Result<AccountKey, StorageError> {
    let profile: Profile = serde_json::from_value(json!({ "userID": user })).unwrap();
    Ok(storage.account_or_new(1, profile, 0).await?.unwrap().key)
}

async fn log_in(storage: &Storage, user: &str) -> (AccountKey, SessionKey) {
    let login = NewLogin {
        app: 1,
        profile: serde_json::from_value(json!({ "userID": user })).unwrap(),
        may_register: true,
        most_accounts: 0,
        most_instances: 1,
        secret_hash: rand_hash(),
        expires_s: u64::from(u32::MAX),
        node: NodeKey(1),
    };
    match storage.log_in(login).await.unwrap() {
        LoginOutcome::In { account, session, .. } => (account.key, session),
        other => panic!("{other:?}"),
    }
}

fn rand_hash() -> [u8; 32] {
    let mut hash = [0; 32];
    getrandom::fill(&mut hash).unwrap();
    hash
}

async fn chat() -> Chat {
    let home = Home::new().await;
    let announced = Arc::<Mutex<Vec<Seq>>>::default();
    let heard = Arc::clone(&announced);
    let on_stored =
        Arc::new(move |new: &[Stored]| heard.lock().unwrap().extend(new.iter().map(|it| it.seq)));
    let storage = Storage::open(home.location()).await.unwrap();
    storage.announce_to(on_stored);
    let (ann, session) = log_in(&storage, "ann").await;
    let bob = account(&storage, "bob").await.unwrap();
    Chat { home, session, storage, announced, ann, bob }
}

impl Chat {
    fn message(
        &self,
        number: u64,
        is_hidden: bool,
    ) -> (Append, oneshot::Receiver<Result<Sent, AppendError>>) {
        let tiny_id = (1 << 57) + self.ann.0;
        let entry = json!({
            "seq": 0, "rev": 0,
            "excludedFromUnreadCount": is_hidden, "excludedFromLastMessage": is_hidden,
            "message": {
                "ID": format!("{tiny_id}-{number}-{number}"), "from": "ann", "to": "bob",
                "type": "TIMTextElem", "conversationType": "C2C", "payload": { "text": "hello" },
            },
        });
        let (tell, told) = oneshot::channel();
        let append = Append {
            app: 1,
            sender: self.ann,
            receiver: self.bob,
            origin: self.session,
            entry: serde_json::from_value(entry).unwrap(),
            done: Box::new(move |outcome| tell.send(outcome).unwrap()),
        };
        (append, told)
    }

    async fn say(&self, number: u64, is_hidden: bool) -> Seq {
        let (append, told) = self.message(number, is_hidden);
        self.storage.append(append).await;
        told.await.unwrap().unwrap().seq
    }

    /// A message in one transaction with a read mark.
    async fn say_beside_a_read_mark(&self, number: u64) -> Seq {
        let (append, told) = self.message(number, false);
        let mark = self.storage.mark_read(self.bob, self.ann, 1, |_| ());
        tokio::join!(self.storage.append(append), mark);
        told.await.unwrap().unwrap().seq
    }

    async fn remove_everything(&self) -> u64 {
        self.storage.remove_messages(1, u64::from(u32::MAX)).await.unwrap()
    }
}

#[tokio::test]
async fn a_place_is_given_once_whatever_is_removed_meanwhile() {
    let chat = chat().await;
    assert_eq!(chat.say(1, false).await, 1);
    assert_eq!(chat.say_beside_a_read_mark(2).await, 2);
    assert_eq!(chat.say(3, false).await, 3);
    assert_eq!(chat.say_beside_a_read_mark(4).await, 4);
    assert_eq!(chat.remove_everything().await, 4);
    assert_eq!(chat.say(5, false).await, 5);
    assert_eq!(*chat.announced.lock().unwrap(), [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_hidden_message_does_not_bring_back_a_conversation_that_was_removed() {
    let chat = chat().await;
    chat.say(1, false).await;
    assert_eq!(chat.storage.conversations(chat.ann, 10).await.unwrap().len(), 1);
    chat.remove_everything().await;
    assert_eq!(chat.say(2, true).await, 2);
    assert!(chat.storage.conversations(chat.ann, 10).await.unwrap().is_empty());
    chat.say(3, false).await;
    assert_eq!(chat.storage.conversations(chat.ann, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_by_itself_stops_nothing_else() {
    let chat = chat().await;
    chat.say(1, false).await;
    // As when the disk is full: SQLite ends the transaction by itself, PostgreSQL refuses the rest of it.
    let sqlite = "CREATE TRIGGER full_account BEFORE INSERT ON account \
                  BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END; \
                  CREATE TRIGGER full_message BEFORE INSERT ON message \
                  BEGIN SELECT RAISE(ROLLBACK, 'the disk is full'); END";
    let postgres = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
                    $$BEGIN RAISE EXCEPTION 'the disk is full'; END$$; \
                    CREATE TRIGGER full_account BEFORE INSERT ON account \
                    EXECUTE FUNCTION full_disk(); \
                    CREATE TRIGGER full_message BEFORE INSERT ON message \
                    EXECUTE FUNCTION full_disk()";
    chat.home.sql_of(sqlite, postgres).await;
    for number in [2, 3] {
        account(&chat.storage, "cid").await.unwrap_err();
        let (append, told) = chat.message(number, false);
        chat.storage.append(append).await;
        assert_eq!(told.await.unwrap().unwrap_err(), AppendError::NotCommitted);
    }
    let sqlite = "DROP TRIGGER full_account; DROP TRIGGER full_message";
    let postgres = "DROP TRIGGER full_account ON account; DROP TRIGGER full_message ON message";
    chat.home.sql_of(sqlite, postgres).await;
    account(&chat.storage, "cid").await.unwrap();
    assert_eq!(chat.say(2, false).await, 2);
    assert_eq!(chat.say_beside_a_read_mark(3).await, 3);
    assert_eq!(*chat.announced.lock().unwrap(), [1, 2, 3]);
}
