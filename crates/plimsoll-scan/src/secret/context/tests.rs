use super::*;
use crate::secret::pattern::BASE64;

fn kinds(text: &str, settings: bool) -> Vec<&'static str> {
    let mut hits = Hits::default();
    in_context(Piece::text(text), settings, &mut Told::default(), &mut hits);
    for hit in hits.iter() {
        let value = text[hit.start..hit.end].trim_end_matches('=');
        assert!(!value.contains(['"', ' ', '=']));
    }
    hits.into_iter().map(|hit| hit.kind).collect()
}

const VALUE: &str = "q7RtY2mWx9KpLz4VbN8c";

fn values(text: &str, settings: bool) -> Vec<&str> {
    let mut hits = Hits::default();
    in_context(Piece::text(text), settings, &mut Told::default(), &mut hits);
    hits.iter().map(|hit| &text[hit.start..hit.end]).collect()
}

/// A user, a colon and the password.
#[test]
fn passwords_of_logins_in_one() {
    for (text, settings) in [
        ("basic.auth.user.info=SRKEY12345:VALUE\n", true),
        (
            "schema.registry.basic.auth.user.info=K7Q2ZT4WX9BM5NLP:VALUE\n",
            true,
        ),
        ("auth_string = \"admin:VALUE\"\n", true),
        (
            "{\"value.converter.basic.auth.user.info\": \"K:VALUE\"}",
            false,
        ),
        ("{\"basic.auth.user.info\": \"K:VALUE\"}", false),
        ("auth_string = 'admin:VALUE'", false),
    ] {
        let text = text.replace("VALUE", VALUE);
        assert_eq!(values(&text, settings), [VALUE], "{text}");
    }
    for none in [
        "basic.auth.user.info=user:password\n",
        "basic.auth.user.info=<key>:<secret>\n",
        "basic.auth.user.info=${KEY}:${SECRET}\n",
        "basic.auth.credentials.source=USER_INFO\n",
        "sr = {\"basic.auth.user.info\": f\"{os.environ['K7Q2ZT4WX9']}:{os.environ['S7Q2ZT4WX9BM5']}\"}",
        "auth_string = f\"{user}:{password}\"",
        "auth_string = admin:pass\n",
        "# basic.auth.user.info=SRKEY12345:VALUE\n",
    ] {
        assert_eq!(
            values(&none.replace("VALUE", VALUE), true),
            [""; 0],
            "{none}"
        );
    }
}

/// `pwd` is a password, or where one works.
#[test]
fn what_is_drawn_for_a_short_name() {
    for (text, settings) in [
        ("dbConnect(odbc::odbc(), UID=\"u\", PWD=\"VALUE\")", false),
        ("db.createUser({ user: \"etl\", pwd: \"VALUE\" })", false),
        (
            "pyodbc.connect(server=\"s\", uid=\"u\", pwd=\"VALUE\")",
            false,
        ),
        ("pwd = 'VALUE'", false),
        ("{\"user\": \"u\", \"pwd\": \"VALUE\"}", false),
        ("user: u\npwd: VALUE\n", true),
        ("pwd=VALUE\n", true),
    ] {
        let text = text.replace("VALUE", VALUE);
        assert_eq!(values(&text, settings), [VALUE], "{text}");
    }
    for none in [
        "pwd=/srv/VALUE\n",
        "PWD=C:\\VALUE\n",
        "OLDPWD=VALUE\n",
        "pwd=$(pwd)\n",
        "pwd=build-2024\n",
        "pwd = \"Str0ng\"",
        "pwd: 'Your password'",
        "echo \"$PWD\" VALUE\n",
    ] {
        assert_eq!(
            values(&none.replace("VALUE", VALUE), true),
            [""; 0],
            "{none}"
        );
    }
}

/// The names by which Hadoop and Spark are told the key of a storage account.
#[test]
fn keys_of_storage_accounts() {
    let key = format!("{}==", &"q7RtY2mW/9KpLz4V+N8c".repeat(5)[..86]);
    for (text, settings) in [
        ("NAME=KEY\n", true),
        ("spark.hadoop.NAME KEY\n", true),
        ("<name>NAME</name><value>KEY</value>", true),
        ("spark-submit --conf spark.hadoop.NAME=KEY j.py\n", true),
        ("spark.conf.set(\"NAME\", \"KEY\")", false),
    ] {
        for host in [
            "lake.dfs.core.windows.net",
            "lake.blob.core.windows.net",
            "abcdefghijklmnopqrstuvwx.blob.core.usgovcloudapi.net",
        ] {
            let text = text.replace("NAME", &format!("fs.azure.account.key.{host}"));
            let text = text.replace("KEY", &key);
            assert_eq!(values(&text, settings), [&key], "{text}");
            assert_eq!(kinds(&text, settings), ["azure-storage-key"], "{text}");
        }
    }
    for none in [
        "fs.azure.account.key.lake.dfs.core.windows.net=YOUR_ACCESS_KEY\n",
        "fs.azure.account.key.lake.dfs.core.windows.net=${AZURE_KEY_1}\n",
        "fs.azure.account.keyprovider.lake.dfs.core.windows.net=org.apache.hadoop.fs.azurebfs.Key2\n",
        "spark.conf.set(\"fs.azure.account.key.lake.dfs.core.windows.net\", key)",
        "{\"account.key\": \"9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a0\"}",
    ] {
        assert_eq!(values(none, true), [""; 0], "{none}");
    }
}

#[test]
fn what_is_assigned_to_a_name_that_promises_a_credential() {
    for code in [
        "DB_PASSWORD = 'VALUE'",
        "const apiKey: string = \"VALUE\";",
        "config[\"secret_token\"] = \"VALUE\"",
        "{\"client-secret\": \"VALUE\"}",
        "{\\\"client_secret\\\":\\\"VALUE\\\"}",
        "os.environ.setdefault('SESSION_SECRET', 'VALUE')",
        "password => 'VALUE',",
        "<password>VALUE</password>",
        "<entry key=\"db.password\">VALUE</entry>",
        "<string name='api_key'>VALUE</string>",
        "<name>fs.s3a.secret.key</name>\n  <value>VALUE</value>",
        "        storePassword 'VALUE'\n",
        "keyPassword \"VALUE\"",
        "<add key=\"ApiToken\" value=\"VALUE\"/>",
        "token := \"VALUE\"",
        "Dim password As String = \"VALUE\"",
        "(def api-key \"VALUE\")",
        "var apiKey string = \"VALUE\"",
        "{password, \"VALUE\"},",
        "{password,<<\"VALUE\">>}",
        "{'secret_key_base', <<\"VALUE\"/utf8>>}",
        "RABBITMQ_ERLANG_COOKIE='VALUE'",
        "public string Password { get; set; } = \"VALUE\";",
        "public string ApiKey { get; init; } = \"VALUE\";",
    ] {
        assert_eq!(
            kinds(&code.replace("VALUE", VALUE), false),
            ["secret-value"],
            "{code}"
        );
    }
    for line in [
        "spring.datasource.password=VALUE",
        "  password: VALUE",
        "set -x API_KEY VALUE",
        "- cmd: set -gx API_KEY VALUE",
        "//registry.acme.io/:x_token=VALUE",
        "//srv/s /mnt cifs username=u,password=VALUE 0 0",
        "export API_KEY=VALUE",
        "password:\n  VALUE\nuser: bob\n",
        "db:\n  password: |-\n    VALUE\n",
        "- password: >\n    VALUE",
    ] {
        let line = line.replace("VALUE", VALUE);
        assert_eq!(kinds(&line, true), ["secret-value"], "{line}");
        assert!(kinds(&line, false).is_empty(), "{line}");
    }
    assert_eq!(kinds("password: hunter2", true), ["secret-value"]);
    assert_eq!(
        kinds(&format!("TWILIO_AUTH_TOKEN={VALUE}"), true),
        ["twilio-key"]
    );
}

#[test]
fn what_stands_below_a_name_need_not_be_its_value() {
    for none in [
        "password:\nq7RtY2mWx9Kp\n",
        "password:\n  q7RtY2mWx9Kp: x\n",
        "password:\n  q7RtY2mWx9Kp:\n    x: y\n",
        "password: |\n  q7RtY2mWx9Kp\n  and more of it\n",
        "password: |\n  q7RtY2mWx9Kp\n\n  and more of it\n",
        "password:\n  # q7RtY2mWx9Kp\n",
        "password:\n  - q7RtY2mWx9Kp x\n",
        "  password:\n  q7RtY2mWx9Kp\n",
        "password:\n",
    ] {
        assert!(kinds(none, true).is_empty(), "{none}");
    }
    let long = format!("password: >-\n  {}\n", "q7RtY2mWx9Kp".repeat(100));
    assert!(kinds(&long, true).is_empty());
    assert!(kinds("token string == \"q7RtY2mWx9KpLz4VbN8c\"", false).is_empty());
}

/// Keys and values in code, and what sets one.
#[test]
fn values_that_are_handed_over_with_their_names() {
    for (call, value) in [
        ("Map.of(\"password\", \"VALUE\")", "Tr0ub4dor"),
        (
            "Map.of(\"user\", \"a,b\", \"password\", \"VALUE\", \"x\", \"y\")",
            "Tr0ub4dor",
        ),
        ("props.put(\"password\", \"VALUE\");", "Tr0ub4dor"),
        (
            "props.setProperty(\"db.password\", \"VALUE\");",
            "Tr0ub4dor",
        ),
        (
            "[(\"user\", \"bob\"), (\"password\", \"VALUE\")]",
            "Tr0ub4dor",
        ),
        ("mapOf(\"password\" to \"VALUE\")", "Tr0ub4dor"),
        ("ds.setPassword(\"VALUE\");", "Tr0ub4dor"),
        ("$this->setApiKey( 'VALUE' );", VALUE),
        ("user.set_password('VALUE')", "Tr0ub4dor"),
        ("client.SetPassword(\"VALUE\")", "Tr0ub4dor"),
        ("builder()\n  .password(\n    \"VALUE\"\n)", "Tr0ub4dor"),
        ("opts.withSecretKey(\"VALUE\")", VALUE),
    ] {
        let text = call.replace("VALUE", value);
        assert_eq!(kinds(&text, false), ["secret-value"], "{text}");
    }
    for (text, value) in [
        ("password = \"\"\"VALUE\"\"\"", "Tr0ub4dor"),
        (
            "const p = process.env.DB_PASSWORD || \"VALUE\";",
            "Tr0ub4dor",
        ),
        ("const p = config.password ?? 'VALUE';", "Tr0ub4dor"),
        ("ENV[\"DB_PASSWORD\"] ||= \"VALUE\"", "Tr0ub4dor"),
        (
            "\"db_password\": {\n  \"value\": \"VALUE\",\n  \"sensitive\": true\n}",
            "Tr0ub4dor",
        ),
    ] {
        let text = text.replace("VALUE", value);
        assert_eq!(kinds(&text, false), ["secret-value"], "{text}");
    }
    for none in [
        "password = \"\"\"Tr0ub4dor",
        "password || \"Password is required\"",
        "if (!password || 'loginForm' === x)",
        "[ -z \"$PASSWORD\" ] || exit12345",
        "\"db_password\": {\n  \"type\": \"string\", \"value\": \"Tr0ub4dor\"}",
        "\"password\": {\"value\": \"\"}",
        "labels.put(\"password\", \"Password:\")",
        "labels.put(\"password\", \"Enter your password\")",
        "field(\"password\", \"text\")",
        "setProperty(\"password\", \"changeMe1\")",
        "setProperty(\"password\", \"${DB_PASSWORD}\")",
        "Map.of(\"a\", \"password\", \"Tr0ub4dor\", \"b\")",
        "List.of(\"user\", \"password\", \"Tr0ub4dor\", \"b\")",
        "\"password\" to \"Enter your password\"",
        "ds.setPassword(\"password\")",
        "ds.setPassword(\"Tr0ub4dor\" + salt)",
        "ds.setPassword(password, \"Tr0ub4dor\")",
        "ds.setPasswordHint(\"Tr0ub4dor\")",
        "form.password(\"Enter your password\")",
        "form.password('loginPassword')",
        "password(\"Tr0ub4dor\")",
        "checkPassword(\"Tr0ub4dor\")",
        "settings_token(\"q7RtY2mWx9KpLz4VbN8c\")",
        "ds.setToken(\"next_page\")",
    ] {
        assert!(kinds(none, false).is_empty(), "{none}");
    }
}

/// Before 1.10 they bear no mark of their own.
#[test]
fn tokens_of_older_vaults() {
    let token = format!("s.{}", "q7RtY2mWx9KpLz4VbN8cAb3d");
    for text in ["VAULT_TOKEN=S", "vault_token: S", "X-Vault-Token: S"] {
        let text = text.replace('S', &token);
        assert_eq!(kinds(&text, true), ["vault-token"], "{text}");
    }
    for none in ["s.toString", "s.123456789012345678901234"] {
        assert!(
            kinds(&format!("VAULT_TOKEN={none}"), true).is_empty(),
            "{none}"
        );
    }
    assert!(kinds(&format!("x = {token}(1)"), true).is_empty());
}

#[test]
fn passwords_that_people_make_up() {
    for password in ["Sommer-2024-Berlin!", "Winter2024!", "Tr0ub4dor&3"] {
        for (text, settings) in [
            ("password: PASSWORD\n", true),
            ("password: \"PASSWORD\"\n", true),
            ("password = \"PASSWORD\"\n", false),
            ("{\"password\": \"PASSWORD\"}", false),
        ] {
            let text = text.replace("PASSWORD", password);
            assert_eq!(kinds(&text, settings), ["secret-value"], "{text}");
        }
    }
    for password in [
        "hunter2hunter",
        "correct-horse-battery-staple",
        "acme-prod-db-pass",
        "AdminAdmin!",
        "GxeYYXw!SLQcWtx",
    ] {
        let text = format!("password: \"{password}\"\n");
        assert_eq!(kinds(&text, true), ["secret-value"], "{text}");
    }
    for password in [
        "rpIykDELekpkud",
        "fmuZPflzckfr",
        "LGnUeRgdKPyPbg",
        "hXqLmTzRwKpNbVcD",
        "qzxjwvkfhgtbnm",
    ] {
        for (text, settings) in [
            ("db_password = PASSWORD\n", true),
            ("Environment=DB_PASSWORD=PASSWORD\n", true),
            ("db_password = \"PASSWORD\"\n", true),
            ("{\"password\": \"PASSWORD\"}", false),
        ] {
            let text = text.replace("PASSWORD", password);
            let text = text.replace(&format!("DB_{password}"), "DB_PASSWORD");
            assert_eq!(kinds(&text, settings), ["secret-value"], "{text}");
        }
    }
    for key in ["k3qxz9wvj2pmtrgf", "7hwbq2vkxzjt4ncp", "QX7ZKV2WJMP9TRGB"] {
        for text in [
            "const apiKey = \"KEY\";",
            "{\"client_secret\": \"KEY\"}",
            "token: 'KEY'",
        ] {
            assert_eq!(
                kinds(&text.replace("KEY", key), false),
                ["secret-value"],
                "{key}"
            );
        }
    }
    for label in [
        "currentUserPassword",
        "ProxyPasswd",
        "enterYourPhraseHere",
        "Passwortbestaetigung",
        "wachtwoordvergeten",
        "asdfasdf",
        "Password*",
        "Passwort?",
        "mot-de-passe",
        "new_password2",
        "Password!",
        "user.password.v1",
    ] {
        let text = format!("password: \"{label}\"\n");
        assert!(kinds(&text, false).is_empty(), "{text}");
        assert!(kinds(&text, true).is_empty(), "{text}");
    }
}

#[test]
fn names_words_and_code_are_no_values() {
    for code in [
        "password = getPassword()",
        "token = 'user_token_v2'",
        "token == 'q7RtY2mWx9KpLz4VbN8c'",
        "password: \"${DB_PASSWORD}\"",
        "PASSWORD_HASHERS = 'pbkdf2-sha256-a1'",
        "secret = 'changeme123'",
        "token: 'https://x.io/token/v1a2'",
        "tokenPath = 'q7RtY2mWx9KpLz4VbN8c'",
        "public_key_token=\"b77a5c561934e089\"",
        "# password: q7RtY2mWx9KpLz4VbN8c",
        "// password: q7RtY2mWx9KpLz4VbN8c",
        "//password=q7RtY2mWx9KpLz4VbN8c",
        "  //db.password = q7RtY2mWx9/pLz4VbN8c",
        "<entry key=\"password\">${password}</entry>",
        "<entry key=\"password\">Password</entry>",
        "<entry key=\"password.file\">q7RtY2mWx9KpLz4VbN8c</entry>",
        "<a title=\"password\">q7RtY2mWx9KpLz4VbN8c</a>",
        "<name>db.password</name><value>${env.DB}</value>",
        "storePassword System.getenv('q7RtY2mWx9KpLz4VbN8c')",
        "storePassword 'changeit'",
        "expect storePassword 'q7RtY2mWx9KpLz4VbN8c' later",
        "secret = r'([a-zA-Z0-9_\\-]{44}(?![a-zA-Z0-9_\\-]))'",
        "{\"output_token\": \"KeyValueStoreList.NextMarker\"}",
        "\"`iam:GetAccessToken`, `GetAccessTokenForJWT` or `GetAccessTokenForUserId`\"",
        "{\"access_token\": \"2YotnFZFEjr1zCsicMWpAA\"}",
        "Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW",
    ] {
        assert!(kinds(code, true).is_empty(), "{code}");
    }
}

#[test]
fn pairs_words_and_statements() {
    for (text, settings) in [
        ("- name: DB_PASSWORD\n  value: \"VALUE\"\n", true),
        ("- name: DB_PASSWORD\n  value: VALUE\n", true),
        ("{\"name\": \"DB_PASSWORD\", \"value\": \"VALUE\"}", false),
        ("requirepass VALUE\n", true),
        ("  bindpw VALUE\n", true),
        ("ENV DB_PASSWORD VALUE\n", true),
        ("password \"VALUE\"\n", true),
        ("CREATE USER a IDENTIFIED BY 'VALUE';", false),
        ("CREATE USER a IDENTIFIED BY ('VALUE');", false),
        ("create user a identified  by\n \"VALUE\";", false),
        (
            "CREATE USER a IDENTIFIED WITH mysql_native_password BY 'VALUE';",
            false,
        ),
        (
            "ALTER USER a IDENTIFIED WITH 'caching_sha2_password' BY 'VALUE';",
            false,
        ),
        (
            "<AdministratorPassword>\n  <Value>VALUE</Value>\n  <PlainText>true</PlainText>",
            true,
        ),
        ("ALTER USER a WITH PASSWORD 'VALUE';", false),
        ("SET PASSWORD FOR a = PASSWORD('VALUE');", false),
        ("default_pass = VALUE\n", true),
        ("openai_key = \"VALUE\"\n", false),
    ] {
        let text = text.replace("VALUE", VALUE);
        assert_eq!(kinds(&text, settings), ["secret-value"], "{text}");
    }
    for statement in [
        "CREATE USER bob IDENTIFIED BY \"Welcome_1\";",
        "alter  user bob\n identified by \"Welcome_1\" account unlock;",
        "CREATE USER IF NOT EXISTS bob IDENTIFIED BY \"Welcome_1\"",
        "GRANT CONNECT, RESOURCE TO bob IDENTIFIED BY \"Welcome_1\"",
        "CREATE DATABASE LINK far CONNECT TO bob IDENTIFIED BY \"Welcome_1\" USING 'x';",
        "Grant all on db.* to 'bob'@'%' identified by \"Welcome_1\"",
        "grant all on db.* to bob identified by \"Welcome_1\"",
        "grant select on a.b to `bob`@localhost identified by \"Welcome_1\"",
        "CREATE USER \"bob smith\" IDENTIFIED BY \"Welcome_1\"",
        "ALTER USER bob ACCOUNT UNLOCK IDENTIFIED BY \"Welcome_1\"",
    ] {
        assert_eq!(kinds(statement, false), ["secret-value"], "{statement}");
    }
    let long = format!(
        "GRANT {} TO bob IDENTIFIED BY \"Welcome_1\"",
        "ROLE, ".repeat(99)
    );
    assert_eq!(kinds(&long, false), ["secret-value"]);
    assert_eq!(
        kinds(&format!("x=app:{VALUE}@tcp(db:3306)/x"), false),
        ["connection-string-password"]
    );
    let link = format!(
        "https://a/c?sv=2022-11-02&sig={}%3D&sp=r",
        "q7RtY2mW9KpLz4VbN8c%2Bx".repeat(2)
    );
    assert_eq!(kinds(&link, false), ["azure-shared-access-signature"]);
    let flow = format!(
        "\"https://prod-12.westus.logic.azure.com:443/workflows/0a1b2c3d4e5f60718293a4b5c6d7e8f9/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={}\"",
        "q7RtY2mWx9KpLz4VbN8cHd3FjGs6TvXy1Za5Qe0Wk7U"
    );
    assert_eq!(kinds(&flow, false), ["azure-shared-access-signature"]);
    for (text, found) in [
        (
            "connect(\"jdbc:postgresql://db.acme.io/x?user=svc&password=VALUE\")",
            "url-password",
        ),
        (
            "url = 'jdbc:mysql://db/x?password=VALUE&ssl=true'",
            "url-password",
        ),
        (
            "<v>jdbc:mysql://db/x?user=a&amp;password=VALUE</v>",
            "connection-string-password",
        ),
        (
            "url=jdbc:oracle:thin:svc/VALUE@db.acme.io:1521:ORCL",
            "url-password",
        ),
        ("\"jdbc:oracle:thin:svc/VALUE@//db:1521/x\"", "url-password"),
    ] {
        let text = text.replace("VALUE", VALUE);
        assert_eq!(kinds(&text, false), [found], "{text}");
    }
    for sham in [
        "\"https://x.io/login?user=svc&password=\" + password",
        "\"jdbc:postgresql://db/x?user=svc&password=${PW}\"",
        "\"jdbc:postgresql://db/x?user=svc&password=password\"",
        "fetch('https://x.io/a?pwd=page/one')",
        "fetch('https://x.io/a?b=c&secret=show_all_1')",
        "fetch('https://x.io/a?secret=abc-123')",
        "\"jdbc:oracle:thin:@db:1521:x\"",
        "\"jdbc:oracle:thin:scott/tiger@db:1521:x\"",
        "\"jdbc:oracle:thin:<user>/<password>@db\"",
        "if (a ? b &password=VALUE) {}",
        "unix://[username@]/path/to/socket.sock?db=0[&password=password]",
    ] {
        let text = sham.replace("VALUE", VALUE);
        assert!(kinds(&text, false).is_empty(), "{text}");
    }
    for sham in [
        "password required pam_unix.so\n",
        "PasswordAuthentication yes\n",
        "PASS_MAX_DAYS 99999\n",
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: x\n",
        "sort_key = \"q7RtY2mWx9KpLz4VbN8c\"\n",
        "GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568\n",
        "cache_key: d41d8cd98f00b204e9800998ecf8427e\n",
        "the software identified by\n\"software_id\" in this",
        "CREATE USER bob; the software identified by \"software_id\"",
        "The authorization grant is identified by \"grant_type\" here.",
        "# grant access to the object identified by \"object-path\"",
        "# grant access to objects identified by \"object-path\"",
        "# Create user identified by \"login+domain\".",
        "a user role identified by \"role-id\"",
        "ALTER USER bob; THE SOFTWARE IDENTIFIED BY \"software_id\"",
        "grant rights to users identified by \"user-id\"",
        "grant rights to\u{3000}users identified by \"user-id\"",
        "IDENTIFIED BY 'password'",
        "IDENTIFIED WITH auth_socket AS 'q7RtY2mWx9KpLz4VbN8c'",
        "is identified with names by \"the words\"",
        "<Password><Value></Value>",
    ] {
        assert!(kinds(sham, true).is_empty(), "{sham}");
    }
}

#[test]
fn addresses_and_headers() {
    assert_eq!(kinds("mysql://root:s3cr3t!x@db/x", false), ["url-password"]);
    for sham in [
        "https://me:s3cr3t1@example.com/",
        "oci://DIR[:TAG|@DIGEST]",
        "postgres://postgres:postgres@db/",
        "http://localhost:8080/a@b",
        "redis://:{password}@db",
        "raise X(\"'models://scope:prefix@databricks/model-name', is deprecated\")",
        "dsn = 'https://9f8e7d6c5b4a39281706f5e4d3c2b1a0@o1.ingest.sentry.io/2'",
        "git+ssh://deployment-of-services@git.acme.io/a",
        "https://q7RtY2mWx9KpLz4VbN8cHd3H@example.com/a",
    ] {
        assert!(kinds(sham, false).is_empty(), "{sham}");
    }
    let basic = format!(
        "Authorization: Basic {}",
        BASE64.encode(format!("bob:{VALUE}"))
    );
    assert_eq!(kinds(&basic, false), ["basic-authorization"]);
    assert_eq!(
        kinds(&format!("Bearer {VALUE}{VALUE}"), false),
        ["bearer-token"]
    );
    let part = |json: &str| BASE64.encode(json).replace('=', "");
    let jwt = |payload: &str| {
        format!(
            "token: {}.{}.{VALUE}{VALUE}",
            part("{\"alg\":\"HS256\"}"),
            part(payload)
        )
    };
    assert_eq!(
        kinds(&jwt("{\"sub\":\"svc\",\"role\":\"admin\"}"), true),
        ["jwt"]
    );
    assert!(kinds(&jwt("{\"sub\":\"1234567890\",\"name\":\"John Doe\"}"), true).is_empty());
    for header in [
        "Authorization: Token VALUE",
        "-H 'authorization: token VALUE'",
        "{\"Authorization\": \"ApiKey VALUE\"}",
        "headers = {'Authorization': 'Token token=VALUE'}",
        "Authorization: SSWS VALUE",
    ] {
        let text = header.replace("VALUE", &format!("{VALUE}{VALUE}"));
        assert_eq!(kinds(&text, false), ["authorization-token"], "{text}");
        for sham in ["<token>", "${TOKEN}", "your-api-token-goes-here", "abc"] {
            let text = header.replace("VALUE", sham);
            assert!(kinds(&text, false).is_empty(), "{text}");
        }
    }
    for (before, rest, kind) in [
        (42, "+ACRA8kQ2m", "azure-registry-key"),
        (76, "+AStX8kQ2m==", "azure-storage-key"),
        (33, "+ASbX8kQ2m=", "azure-shared-access-key"),
        (33, "+AEhX8kQ2m=", "azure-shared-access-key"),
    ] {
        let key = "q7RtY2mWx9Kp/z4VbN8c".repeat(4);
        let text = format!("connect(\"{}{rest}\")", &key[..before]);
        assert_eq!(kinds(&text, false), [kind], "{text}");
        let longer = format!("connect(\"{}{rest}\")", &key[..before + 1]);
        assert!(kinds(&longer, false).is_empty(), "{longer}");
    }
    for text in [
        "https://TOKEN@github.com/a/b",
        "extra-index-url = https://TOKEN@pypi.acme.io/simple",
        "git+https://9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c@git.acme.io/a",
        "url = https://k5yq3n7v2xw4tpl6mzr2c7hjd4fgb3sau5eowi6kq2ny7v4xptml@dev.azure.com/a",
    ] {
        let text = text.replace("TOKEN", "q7RtY2mWx9KpLz4VbN8cHd3H");
        assert_eq!(kinds(&text, false), ["url-password"], "{text}");
    }
    let bare = format!("headers = {{'Authorization': '{VALUE}{VALUE}'}}");
    assert_eq!(kinds(&bare, false), ["authorization-token"]);
    let vault = "curl -H \"X-Vault-Token: s.q7RtY2mWx9KpLz4VbN8cAb3d\" x";
    assert_eq!(kinds(vault, false), ["authorization-token"]);
    assert!(kinds("curl -H \"X-Vault-Token: $TOKEN\" x", false).is_empty());
    assert!(kinds("the X-Auth-Token: header-of-some-services is", false).is_empty());
    let azure = format!("x = abc8Q~{}", &"q7RtY2mWx9KpLz4VbN8c".repeat(2)[..34]);
    assert_eq!(kinds(&azure, false), ["azure-client-secret"]);
}

use base64::Engine as _;

#[test]
fn translations_are_sentences() {
    for line in [
        "login.password=\\u30d1\\u30b9\\u30ef\\u30fc\\u30c9\\u3092",
        "password=Cl\\u00e9 secr\\u00e8te",
        "getPassword.exception=V\\u00fdjima z\\u00edsk\\u00e1n",
        "\"password\": \"Passw2rt\\u30d1Xq7RtY\"",
        "\"token\": \"\\u3092Xq7RtY2mWx9KpLz4V\"",
        "password: пароль2",
        "password = \"Contraseña1\"",
        "token: \"Бot2024не-найден\"",
    ] {
        assert!(kinds(line, true).is_empty(), "{line}");
    }
    // A letter more takes nothing from what is drawn.
    for line in [
        "password = \"äVALUE\"",
        "password = \"Sommer2024!ä\"",
        "password: äVALUE",
        "export DB_PASSWORD=VALUEä",
    ] {
        let line = line.replace("VALUE", VALUE);
        assert_eq!(kinds(&line, true), ["secret-value"], "{line}");
    }
    // What Go writes for `&`.
    assert_eq!(
        kinds("{\"password\": \"q7Rt\\u0026Y2mWx9K\"}", false),
        ["secret-value"]
    );
    assert_eq!(kinds("password=q7Rt\\u0026Y2mWx9K", true), ["secret-value"]);
}

#[test]
fn words_of_a_list_are_no_pairs() {
    for line in [
        "# METHOD can be \"trust\", \"reject\", \"md5\", \"password\", \"scram-sha-256\",",
        "# say \"password\", \"scram-sha-256\"",
        "x = \"the words `password`, `winter-2024-x` and others\"",
        "KINDS = [\"token\", \"ed25519-sha512-v1\"]",
        "METHODS = (\"password\", \"scram-sha-256\", \"gss\")",
        "(\"authtoken\", \"0002_auto_20160226_1747\"),",
        "f(password: \"raw.base.InputCheckPasswordSRP2\" = None)",
        "x.addObjects([\"newPassword\",\"ne2Password\"]);",
    ] {
        assert!(kinds(line, true).is_empty(), "{line}");
    }
    for line in [
        "[\"mysql\", \"--password\", \"winter-2024-x\"]",
        "new Map([[\"password\", \"winter-2024-x\"], [\"password\", \"summer-2024-x\"]])",
        "set(\"password\", \"winter-2024-x\")",
        "Map.of(\"user\", \"bob\", \"password\", \"q7RtY2mWx9Kp\")",
        "# set(\"token\", \"q7RtY2mWx9KpLz4VbN8c\")",
        "[{\"name\":\"DB_PASSWORD\",\"value\":\"winter-2024-x\"}]",
        "[{\"name\": \"DB_PASSWORD\", \"value\": \"winter-2024-x\", \"type\": \"PLAINTEXT\"}]",
        "{\"key\":\"DB_PASSWORD\",\"value\":\"winter-2024-x\",\"scope\":\"RUN_TIME\"}",
        "x(\"https://x.io/login?user=svc&passwd=q7RtY2mW-x9\")",
    ] {
        assert!(!kinds(line, true).is_empty(), "{line}");
    }
}

#[test]
fn what_names_something_else_is_no_credential() {
    for line in [
        "  api_key: os.environ/AZURE_API_KEY",
        "  passwordSecretRef: db-creds-v2-prod3",
        "tlsSecret: wildcard-acme-io-2025",
        "{\"password_changed_at\":\"2025-03-04T10:11:12Z\"}",
        "{\"token_valid_from\":\"2025-03-04T10:11:12Z\"}",
        "{\"clientRequestToken\":\"1d2129a1-3d38-460a-9756-e5b91fddb951\"}",
        "customer_master_key_spec = \"RSA_4096\"",
        "id_token_encrypted_response_enc: \"A128CBC-HS256\"",
        "'secret': 'V1SecretVolumeSource',",
        "f(image_token=\"<|unused_200054|>\")",
    ] {
        assert!(kinds(line, true).is_empty(), "{line}");
    }
    let drawn = "tlsSecret: q7RtY2mWx9KpLz4VbN8c";
    assert_eq!(kinds(drawn, true), ["secret-value"]);
    let key = "9f3b7a1c5d2e8046b1f7c3a95e0d8264";
    assert_eq!(
        kinds(
            &format!("{{\"previewModeSigningKey\":\"{key}{key}\"}}"),
            false
        ),
        ["nextjs-preview-key"]
    );
}

#[test]
fn marks_of_code_in_what_is_drawn() {
    for value in ["q7RtY2mWx9KpLz4VbN8c::a", "q7RtY2mWx9KpLz4VbN8c&&"] {
        let line = format!("password: {value}");
        assert_eq!(kinds(&line, true), ["secret-value"], "{line}");
    }
    for value in ["crypto::Ed25519KeyPair", "Auth::Token2::V3x", "getToken2()"] {
        assert!(
            kinds(&format!("token: {value}"), true).is_empty(),
            "{value}"
        );
    }
}

#[test]
fn what_stands_around_a_name_in_other_languages() {
    for line in [
        "args:\n  - --db-password\n  - VALUE\n  - --verbose\n",
        "args:\n- \"--token\"\n- \"VALUE\"",
        "p:\n  password: <%= ENV[\"X\"] || \"VALUE\" %>\n",
        "p:\n  password: \"<%= ENV.fetch('DB_PASSWORD') { 'VALUE' } %>\"\n",
        "  proxy_set_header X-Api-Key \"VALUE\";",
        "  header_up X-API-Key VALUE",
        "setenv DB_PASSWORD VALUE\n",
        "#!/command/execlineb -P\nexport DB_PASSWORD VALUE\napp\n",
        "- value: VALUE\n  name: DB_PASSWORD\n",
        "GITHUB_PAT=VALUE",
        "BASIC_AUTH=admin:VALUE",
        "UNSEAL_KEY=VALUE",
        "java -Dtoken=VALUE -jar x.jar",
    ] {
        let line = line.replace("VALUE", VALUE);
        assert_eq!(kinds(&line, true), ["secret-value"], "{line}");
    }
    for code in [
        "{\"value\":\"VALUE\",\"name\":\"DB_PASSWORD\"}",
        "<context-param><param-name>dbPassword</param-name>\n<param-value>VALUE</param-value>",
        "SET PASSWORD FOR 'bob'@'%' = 'VALUE';",
        "API_KEYS = \"VALUE\"",
    ] {
        let code = code.replace("VALUE", VALUE);
        assert_eq!(kinds(&code, false), ["secret-value"], "{code}");
    }
    for query in [
        "U=\"https://api.x.io/v1?api_key=VALUE\"",
        "fetch(\"https://api.x.io/v1?a=1&access_token=VALUE&b=1\")",
    ] {
        let query = query.replace("VALUE", VALUE);
        assert_eq!(kinds(&query, false), ["url-password"], "{query}");
    }
    for none in [
        "args:\n  - --password\n  - --q7RtY2mWx9KpLz4VbN8c\n",
        "args:\n  - --password\n- q7RtY2mWx9KpLz4VbN8c\n",
        "- the password\n- q7RtY2mWx9KpLz4VbN8c\n",
        "  password: <%= ENV[\"X\"] %>\n",
        "  password: <%= ENV.fetch(\"DB_PASSWORD\") %>\n",
        "  proxy_set_header X-Api-Key $http_x_api_key;",
        "export API_TOKEN DB_HOST1 DB_NAME",
        "#!/bin/sh\nexport POSTGRES_PASSWORD POSTGRES_DB\n",
        "export DB_PASSWORD API_TOKEN1\n",
        "args:\n  - --password\n  - *alias1Name2\n",
        "args:\n  - --password\n  - &anchor1X2\n",
        "args:\n  - --password\n  - !Ref2Db1Secret\n",
        "##      passwords: \"pass01;pass02\"",
        "- value: VALUE-1, name: DB_PASSWORD",
        "{\"value\":\"q7RtY2mWx9KpLz4VbN8c\",\"type\":\"x\",\"name\":\"DB_PASSWORD\"}",
        "<input value=\"q7RtY2mWx9KpLz4VbN8c\" name=\"csrf_token\">",
        "https://codecov.io/gh/a/b/graph/badge.svg?token=q7RtY2mWx9",
        "https://firebasestorage.googleapis.com/v0/b/x?alt=media&token=5f2d9c1e-7b4a-4e8c-9d3f-1a2b3c4d5e6f",
        "https://firebasestorage.googleapis.com/v0/b/x?token=5f2d9c1e-7b4a-4e8c-9d3f-1a2b3c4d5e6f&alt=media",
        "https://codecov.io/gh/a/b/graph/bundle.svg?token=q7RtY2mWx9",
        "https://b.s3.amazonaws.com/a?X-Amz-Security-Token=q7RtY2mWx9KpLz4VbN8c&X-Amz-Signature=0",
        "https://x.algolia.net/1?x-algolia-api-key=9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "https://api.mapbox.com/v4?access_token=pk.q7RtY2mWx9KpLz4VbN8c",
        "https://x.io/?page_token=q7RtY2mWx9KpLz4VbN8c",
        "file_path = q7RtY2mWx9KpLz4VbN8c",
        "max_tokens: 4096",
        "session_key: user_session_v2",
    ] {
        let settings = !none.contains("://");
        assert!(kinds(none, settings).is_empty(), "{none}");
    }
}
