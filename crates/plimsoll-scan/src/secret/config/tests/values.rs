//! Where values of commands, instructions and connection strings end, and what of them is told.

use super::*;

/// What of a text of the history is shown, and how much of it is told.
fn shown(text: &str) -> (String, usize) {
    let mut config = ImageConfig::default();
    config.history.push(plimsoll_model::HistoryEntry {
        created_by: Some(text.to_owned()),
        ..plimsoll_model::HistoryEntry::default()
    });
    let shown = redacted(&config);
    let told = in_config(&config, &shown, Detector::shared()).sightings;
    let text = shown.config.history[0].created_by.clone();
    (text.unwrap_or_default(), told.len())
}

/// A value is read as the shell reads it, however it is written.
#[test]
fn values_go_to_the_end_of_their_words() {
    let password = format!("tA9wS6t{}", "P5dM3kW6u");
    for text in [
        "RUN app --password \"my PW\"",
        "RUN app --password \"my PW\" x",
        "RUN app --password 'my PW phrase' x",
        "RUN app --password my\\ PW",
        "RUN app -password aPW x",
        "RUN app -token \"a PW\" x",
        "RUN curl https://bob:p@s\\$sPW@x.net/",
        "ENV DATABASE_URL=postgres://bob:Summer@PW@db:5432/x",
        "ENV REDIS_URL=redis://:a@PW@r:6379",
        "RUN app --password $'my PW'",
        "RUN app --password $'it\\'s PW'",
        "RUN app --password \"a\\\"b PW\"",
        "RUN app --auth-token \"Bearer PW\"",
        "RUN sh -c \"app --password 'my PW'\"",
        "RUN sh -c 'app --password \"my PW\"'",
        "RUN sh -c \"app --password \\\"my PW\\\"\"",
        "RUN app --password=\"my PW\"",
        "RUN app \"--password=my PW\"",
        "RUN app \"--password=my #1 PW\"",
        "RUN DB_PASSWORD=\"my PW",
        "RUN env \"DB_PASSWORD=my PW\" x",
        "ENV PASSWORD my PW",
        "/bin/sh -c #(nop)  ENV PASSWORD my PW",
        "ENV X=app --password \"my PW\"",
        "ENV PASSWORD=\"my x=1 PW\" B=c",
        "ENV OPTS=--password \"my PW\" --x",
        "CMD [\"app\",\"--password=my PW\"]",
        "CMD [\"app\" \"--password=my PW\"]",
        "CMD [\"app\" \"--opts=--password \\\"my PW\\\"\"]",
        "CMD [\"env\" \"PASSWORD=my PW\" \"app\"]",
        "RUN DB_PASSWORD=\"a\\\"bPW\" run",
        "RUN DB_PASSWORD=ab\\;cdPW run",
        "RUN DB_PASSWORD=a\"b\"PW run",
        "RUN DB_PASSWORD='ab'\"'\"'PW' run",
        "RUN app --password='a'\"bPW\"",
        "RUN app --password \"a\"'bPW'",
        "|1 PASSWORD=a /bPW /bin/sh -c x",
        "RUN |2 PASSWORD=a /bPW A=b /bin/bash -o pipefail -c x # buildkit",
        "RUN # don't\napp --password 'my PW' # it's",
        "RUN echo it's; app --password hunter2PW",
        "mysql -p\"my PW\" x",
        "RUN curl -u \"a:my PW\" x",
        "RUN echo \"root:my PW\" | chpasswd",
    ] {
        let text = text.replace("PW", &password);
        let (shown, told) = shown(&text);
        assert!(!shown.contains(&password), "{text}: {shown}");
        assert_eq!(told, 1, "{text}: {shown}");
    }
    for text in [
        "RUN echo '{\"password\":\"a b PW\"}' > f",
        "RUN echo \"{\\\"password\\\": \\\"a b PW\\\"}\" > f",
        "RUN echo 'password: \"my PW\"' > f",
        "RUN echo \"password = my PW\" > f",
        "RUN curl -H \"Authorization: aPW\" x",
        "RUN curl -H 'X-Auth-Token: aPW' x",
        "RUN curl -H \"Authorization: Bearer aPW\" x",
        "RUN TOKEN=$(echo PW) x",
        "RUN TOKEN=\"$(app --name \"x\" PW)\" x",
        "RUN TOKEN=`echo PW` x",
        "RUN DB_PASSWORD=$(app --name \"x y\" PW) x",
    ] {
        let text = text.replace("PW", &password);
        let (shown, _) = shown(&text);
        assert!(!shown.contains(&password), "{text}: {shown}");
    }
    // What follows is shown.
    for (text, expected) in [
        (
            "RUN php artisan key:generate && authorization:enabled && make",
            "RUN php artisan key:generate && authorization:[hidden] && make",
        ),
        (
            "RUN echo \"'password' => getenv('X')\"",
            "RUN echo \"'password' => getenv('X')\"",
        ),
        (
            "RUN restic --password-command \"echo sunshine\"",
            "RUN restic --password-command \"[hidden]\"",
        ),
        ("RUN TOKEN=$(cat /x) run a", "RUN TOKEN=[hidden] run a"),
        (
            "RUN TOKEN=$A; run --token \"$B\" c",
            "RUN TOKEN=$A; run --token \"$B\" c",
        ),
        (
            "RUN (app --token \"change me\") && b",
            "RUN (app --token \"[hidden]\") && b",
        ),
        (
            "|1 PASSWORD=changeme x /bin/sh -c ls /b",
            "|1 PASSWORD=[hidden] /bin/sh -c ls /b",
        ),
    ] {
        assert_eq!(shown(text), (expected.to_owned(), 0));
    }
}

/// Behind one dash a word is as often what goes there; it is hidden all the same.
#[test]
fn what_a_manual_says_of_a_flag_is_no_password() {
    for line in [
        "RUN frob -password file-name",
        "RUN frob -password file",
        "RUN frob -secret db-credentials-2024",
        "RUN echo 'usage: app -password file' > help",
        "ENTRYPOINT [\"frob\",\"-token\",\"file\"]",
        "LABEL usage=\"app -token string -password string\"",
    ] {
        let (shown, told) = shown(line);
        assert_eq!(told, 0, "{line}");
        assert!(shown.contains("[hidden]"), "{shown}");
    }
    let words = ["frob", "-token", "file"].map(str::to_owned);
    let told = in_words(&words, Detector::shared()).into_iter().flatten();
    assert_eq!(told.count(), 0);
    for line in [
        "RUN frob -password tulip2024",
        "RUN frob -token \"Bearer tA9wS6tP5dM3kW6u\"",
        "CMD java -Ddb.password=tulip -jar x.jar",
        "RUN frob -password=tulip",
        "RUN frob -password \"tulip Garden2024!\"",
    ] {
        assert!(shown(line).1 > 0, "{line}");
    }
}

/// What is looked at is a few times as long as the text, not its square.
#[test]
fn marks_that_nothing_closes_are_gone_through_once() {
    for mark in [
        "'",
        "\"",
        "\\\"",
        "$(",
        "`",
        "$'",
        "\"$(",
        "a=\"",
        "a='",
        "a=`",
        "a=$(",
        "--a $(",
        "--a=b;",
        "# a='\n",
        "set a ",
        " a=",
        "a=\"$(\"`'",
        " token=\"",
        "\"'$('",
        " a=\"'$('",
        "\\ a=\"'$('",
        "token=",
        "''$'\\x27",
        "''$'[\\x22",
    ] {
        let marks = mark.repeat(1_000);
        // Texts without a name that tells are not read for what they give.
        for (before, behind) in [
            ("", " token=x"),
            ("ENV token=x A=", ""),
            ("|1 token=x ", ""),
            ("RUN token \"'$('", ")"),
            ("RUN token #", "\n)"),
        ] {
            let text = format!("{before}{marks}{behind}");
            assert!(!shown(&text).0.is_empty());
            let given = all_given(&text, None);
            let length: usize = given.iter().map(|(_, value, _)| value.len()).sum();
            assert!(length < 40 * text.len(), "{before}{mark}{behind}: {length}");
        }
    }
}

/// Each shows nothing of the password, and tells of it once.
#[test]
fn passwords_in_words_that_are_put_together() {
    for text in [
        r"RUN sh -c 'app --password '\''PW'\'' x'",
        r"RUN sh -c 'DB_PASSWORD='\''PW'\'' x'",
        r"RUN sh -c 'mysql -p'\''PW'\'' x'",
        r"RUN sh -c 'curl -u '\''bob:PW'\'' x'",
        r"RUN su -c 'app -token '\''PW'\'' x' bob",
        r#"RUN sh -c 'app --password '"'"'PW'"'"' x'"#,
        r#"RUN sh -c "app --password "'"PW"'" x""#,
        r#"RUN app "--password"="PW""#,
        r#"RUN app "PASSWORD"="PW""#,
    ] {
        let text = text.replace("PW", "tA9wS6tP5dM3kW6u");
        let (shown, told) = shown(&text);
        assert!(!shown.contains("tA9w") && told == 1, "{told}: {shown}");
        // Nor where it is repeated.
        let step = |text: &str| plimsoll_model::HistoryEntry {
            created_by: Some(text.to_owned()),
            ..Default::default()
        };
        let config = ImageConfig {
            history: vec![step(&text), step("RUN echo tA9wS6tP5dM3kW6u > f")],
            ..ImageConfig::default()
        };
        let shown = format!("{:?}", redacted(&config).config.history);
        assert!(!shown.contains("tA9w"), "{shown}");
    }
}

#[test]
fn what_lies_too_deep_is_hidden_whole() {
    let mut text = "token tA9wS6tP5dM3kW6u".to_owned();
    for _ in 0..10 {
        let escaped = text.replace('\\', "\\x5c").replace('\'', "\\x27");
        text = format!("''$'{escaped}'");
    }
    let text = format!("RUN token {text}");
    let (shown, _) = shown(&text);
    assert_eq!(shown, "[hidden]");
}

#[test]
fn what_is_set_is_told_of_its_name_alone() {
    for text in [
        "LABEL usage=You can set the password for a user, set your token lifetime",
        "RUN env A=b vault token lookup",
        "RUN set -eux; vault token lookup",
        "RUN set -- token server start",
        "RUN /bin/sh -c set -o pipefail secret make",
        "RUN env -u GITHUB_TOKEN semantic-release --dry-run",
        "RUN echo $(cat \"$TOKEN_FILE\")-$(date +%s) > f",
        "RUN git clone https://$(cat \"$U\"):$(cat \"$GIT_TOKEN_FILE\")@h/x",
        "RUN echo token$(a='')`b`",
        "RUN app set --global user token-ring",
    ] {
        let (_, told) = shown(text);
        assert_eq!(told, 0, "{text}");
    }
}

#[test]
fn passwords_in_other_forms() {
    for text in [
        r#"RUN curl -H "Authorization:Bearer PW" h"#,
        r#"RUN curl -H "Authorization:PW" h"#,
        "ENV H=Authorization:Basic PW",
        r"RUN curl --header=Authorization:\ Basic\ PW h",
        r"RUN curl --header PRIVATE-TOKEN:\ PW h",
        r#"RUN env "PASSWORD=my & PW" x"#,
        r#"RUN env "PASSWORD=my PW;x" x"#,
        "ONBUILD ENV PASSWORD my PW",
        "ONBUILD ARG PASSWORD=my PW",
        "ENV\tPASSWORD my PW",
        "RUN npm config set -g //r/:_authToken PW",
        "RUN aws configure set --profile x aws_secret_access_key PW",
        "RUN app set --global password PW",
        "RUN DB_PASSWORD+=PW x",
        "RUN echo \"'password' => 'my PW'\" > f",
        "RUN echo 'password := \"my PW\"' > f",
        "RUN echo \"d['password'] = 'my PW'\" > f",
        "RUN python -c 'd[\"password\"]=\"my PW\"'",
        "RUN setx DB_PASSWORD \"PW\"",
        r"RUN setup.exe --dir C:\app\ --password PW",
        r#"RUN setup.exe "--dir=C:\my app\" --password "PW""#,
        r#"RUN cmd /S /C "C:\x\" --token "PW""#,
        r#"RUN cmd /S /C "C:\x\setup.exe --password \"PW\" --x""#,
        r#"RUN su -c "PATH=/opt/bin:\$PATH app --password \"PW\"" bob"#,
        r#"RUN sh -c "LD=/a:/b:\${X} DB_PASSWORD=\"my PW\" app""#,
        r#"RUN app "name:\"x\" --password \"my PW\"""#,
        "RUN x \"$(grep '(' f)\" --password \"my PW\"; case x in a) true;; esac",
        "ENV CS=Server=x;Password=my PW;",
        "ENV CS=Server=x;Password=p@ss;PW;UID=me",
        "ENV CS=Server=x;Uid=me;Pwd=PW",
        "ENV CS=Server=x;Uid=me;pwd=my PW",
        "RUN |1 CS=Server=x;Uid=me;Pwd=PW /bin/sh -c make",
        "RUN app 'Server=x;Password=my PW;UID=me'",
        "ENV OPTS=a.PlainLoginModule required username=\"a\" user_alice=\"PW\";",
        "RUN helm x --set a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,password=PW",
    ] {
        for password in ["tA9wS6tP5dM3kW6u", "tulipgar"] {
            let text = text.replace("PW", password);
            let (shown, _) = shown(&text);
            assert!(!shown.contains(password), "{text}: {shown}");
        }
    }
    let config = ImageConfig {
        cmd: Some(
            ["npm", "config", "set", "//r/:_authToken", "tulipgar"]
                .map(str::to_owned)
                .to_vec(),
        ),
        ..ImageConfig::default()
    };
    let shown = redacted(&config).config.cmd.unwrap();
    assert!(!shown[4].contains("tulipgar"), "{shown:?}");
}

/// What is given to a program is no program, whatever stands in front of it.
#[test]
fn a_told_password_is_shown_nowhere_in_what_an_image_starts() {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    for (entrypoint, cmd) in [
        (words(&["/entrypoint.sh", "admin"]), words(&["sommer24"])),
        (
            words(&["redis-server", "--requirepass"]),
            words(&["sommer24"]),
        ),
        (words(&["/opt/app", "-enc", "sommer24"]), None),
        (words(&["/opt/app"]), words(&["-c", "sommer24"])),
        (None, words(&["sh", "-c", "PW=/sommer24 run"])),
    ] {
        let config = ImageConfig {
            env: ["DB_PASSWORD=sommer24", "X=sommer24"]
                .map(str::to_owned)
                .to_vec(),
            entrypoint,
            cmd,
            history: vec![plimsoll_model::HistoryEntry {
                created_by: Some("RUN /bin/sh -c login admin sommer24".to_owned()),
                ..plimsoll_model::HistoryEntry::default()
            }],
            ..ImageConfig::default()
        };
        let shown = format!("{:?}", redacted(&config).config);
        assert!(!shown.contains("sommer24"), "{shown}");
    }
}
