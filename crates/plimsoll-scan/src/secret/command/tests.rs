use proptest::prelude::*;

use super::super::Detector;
use super::super::config::in_text;
use super::*;

fn found(text: &str) -> Vec<String> {
    let mut hits = Hits::default();
    in_commands(text, 0, &mut hits);
    hits.iter()
        .map(|hit| text[hit.start..hit.end].to_owned())
        .collect()
}

#[test]
fn passwords_that_programs_take() {
    for line in [
        "curl -fsS -u \"svc:Tr0ub4dor3x\" https://x/",
        "RUN /bin/sh -c curl -u bob:Tr0ub4dor3x https://x/a -o /a # buildkit",
        "curl --user=ci:Tr0ub4dor3x https://x",
        "mysqldump -uroot -pTr0ub4dor3x db > x",
        "mysql -u root -p'Tr0ub4dor3x' shop",
        "cd /x && sshpass -p 'Tr0ub4dor3x' ssh h",
        "docker login -u bob -p Tr0ub4dor3x r.corp",
        "helm registry login -u x -p Tr0ub4dor3x r",
        "redis-cli -a Tr0ub4dor3x ping",
        "smbclient //h/s -U bob%Tr0ub4dor3x",
        "lftp -u bob,Tr0ub4dor3x h",
        "echo 'root:Tr0ub4dor3x' | chpasswd",
        "printf 'root:%s' Tr0ub4dor3x | chpasswd",
        "printf 'root:%s\\n' Tr0ub4dor3x 2>/dev/null | chpasswd",
        "printf -- '%5s%%:%s\\n' root 'Tr0ub4dor3x' | chpasswd",
        "printf '%s\\n' root:Tr0ub4dor3x | chpasswd",
        "printf 'root:Tr0ub4dor3x\\nbob:%s\\n' $PW | chpasswd",
        "printf '%s' Tr0ub4dor3x | docker login -u b --password-stdin r",
        "echo Tr0ub4dor3x | docker login -u b --password-stdin r",
        "echo 'Tr0ub4dor3x' | sudo -S ls",
        "echo Tr0ub4dor3x | kinit etl@CORP.EXAMPLE",
        "printf '%s' Tr0ub4dor3x | elasticsearch-keystore add -x bootstrap.password",
        "echo Tr0ub4dor3x | bin/elasticsearch-keystore add --stdin s3.client.default.secret_key",
        "beeline -u jdbc:hive2://h -n etl -p Tr0ub4dor3x -e 'show tables'",
        "bcp t out f -S s -U sa -P Tr0ub4dor3x",
        "/opt/mssql-tools18/bin/bcp t OUT f -Usa -PTr0ub4dor3x",
        "cqlsh -u a -p Tr0ub4dor3x h",
        "airflow users create -u admin -p Tr0ub4dor3x -r Admin",
        "airflow users reset-password -u admin -p Tr0ub4dor3x",
        "hadoop credential create fs.s3a.secret.key -value Tr0ub4dor3x -provider jceks://file/x.jceks",
        "RUN /bin/sh -c /opt/nifi/bin/nifi.sh set-single-user-credentials admin Tr0ub4dor3x # buildkit",
        "neo4j-admin dbms set-initial-password --require-password-change=true Tr0ub4dor3x",
        "RUN /bin/sh -c neo4j-admin dbms set-initial-password Tr0ub4dor3x # buildkit",
        "pdm config repository.corp.password Tr0ub4dor3x",
        "pdm config --local pypi.corp.password Tr0ub4dor3x",
        "openssl enc -aes-256-cbc -pass pass:Tr0ub4dor3x -in x",
        "gpg --batch --passphrase Tr0ub4dor3x -d x",
        "curl \\\n  -u bob:Tr0ub4dor3x \\\n  https://x",
        "curl -fsSLu bob:Tr0ub4dor3x https://x",
        "curl -su 'bob:Tr0ub4dor3x' https://x",
        "curl -sfubob:Tr0ub4dor3x https://x",
        "HEALTHCHECK CMD curl -fsu bob:Tr0ub4dor3x http://localhost/ || exit 1",
        "docker login --username x --password Tr0ub4dor3x r.corp",
        "helm repo add --username x --password Tr0ub4dor3x n https://x",
        "wget --user x --password \"Tr0ub4dor3x\" https://x",
        "foo --token Tr0ub4dor3x",
        "foo --api-key 'Tr0ub4dor3x' bar",
        "npm config set //r.corp/:_authToken Tr0ub4dor3x",
        "npm config set //r.corp/:_authToken=Tr0ub4dor3x",
        "aws configure set aws_secret_access_key Tr0ub4dor3x",
        "htpasswd -bc /etc/nginx/.htpasswd bob Tr0ub4dor3x",
        "htpasswd -b -c -B /f bob 'Tr0ub4dor3x' && x",
        "htpasswd -nbB -C 10 bob Tr0ub4dor3x > /f",
        "mosquitto_passwd -b /f bob Tr0ub4dor3x",
        "keytool -importkeystore -storepass Tr0ub4dor3x -noprompt",
        "keytool -genkey -keypass Tr0ub4dor3x -alias x",
        "ssh-keygen -t rsa -N Tr0ub4dor3x -f /k",
        "openssl pkcs12 -export -passin pass:Tr0ub4dor3x -in x",
        "openssl rsa -passout 'pass:Tr0ub4dor3x' -in x",
        "openssl enc -aes-256-cbc -k Tr0ub4dor3x -in x",
        "az login --service-principal -u x -p Tr0ub4dor3x --tenant t",
        "docker login -u bob -pTr0ub4dor3x r.corp",
        "rabbitmqctl add_user bob Tr0ub4dor3x",
        "rabbitmqctl change_password admin Tr0ub4dor3x",
        "printf '%s:%s\\n' root Tr0ub4dor3x | chpasswd",
        "# to set passwords: chpasswd << EOF\ncurl -u bob:Tr0ub4dor3x https://x",
        "chpasswd << \"$X\"\ncurl -u bob:Tr0ub4dor3x https://x",
        "mc alias set m http://x AKx Tr0ub4dor3x",
        "cypher-shell -u n -p Tr0ub4dor3x",
        "influx -username a -password Tr0ub4dor3x",
        "composer config --global http-basic.repo.corp bob Tr0ub4dor3x",
        "composer config bearer.repo.corp Tr0ub4dor3x",
        "composer config -g bitbucket-oauth.bitbucket.org key5678 Tr0ub4dor3x",
        "poetry config http-basic.acme ci Tr0ub4dor3x && poetry install",
        "poetry config pypi-token.pypi Tr0ub4dor3x",
        "bundle config set --global gems.corp.example ci:Tr0ub4dor3x",
        "bundle config https://gems.corp.example/a/ ci:Tr0ub4dor3x",
        "dotnet nuget add source https://x -n a -u ci -p Tr0ub4dor3x --store-password-in-clear-text # buildkit",
        "dotnet nuget push a.nupkg -k Tr0ub4dor3x -s https://x",
        "nuget sources add -Name a -UserName b -Password Tr0ub4dor3x",
        "twine upload -u a -p Tr0ub4dor3x dist/*",
        "mysqladmin -u root password Tr0ub4dor3x",
        "skopeo copy --src-creds bob:Tr0ub4dor3x docker://a docker://b",
        "skopeo inspect --creds=bob:Tr0ub4dor3x docker://a",
        "regctl registry login -u a -p Tr0ub4dor3x r.corp",
        "mosquitto_pub -u a -P Tr0ub4dor3x -t x",
        "ipmitool -U a -P Tr0ub4dor3x power status",
        "plink -pw Tr0ub4dor3x bob@h",
        "doctl auth init -t Tr0ub4dor3x",
        "snmpwalk -v3 -u a -A Tr0ub4dor3x h",
        "snmptrap -v3 -u a -X Tr0ub4dor3x h",
        "mosquitto_rr -u a -P Tr0ub4dor3x -t x",
        "ipmitool -U a -PTr0ub4dor3x power status",
        "doctl -t Tr0ub4dor3x compute ls",
        "doctl auth init -t=Tr0ub4dor3x",
        "podman pull --creds bob:Tr0ub4dor3x r.corp/a",
        "buildah push --creds=bob:Tr0ub4dor3x a docker://r.corp/a",
        "echo Tr0ub4dor3x |\n  docker login -u b --password-stdin r",
        "RUN echo Tr0ub4dor3x | \n  docker login -u b --password-stdin r",
        "cat <<< Tr0ub4dor3x | docker login -u b --password-stdin r",
        "echo Tr0ub4dor3x | gpg --batch --passphrase-fd 0 -d x",
        "gpg --passphrase-fd=0 -d x <<< Tr0ub4dor3x",
        "yes Tr0ub4dor3x | passwd bob",
        "echo Tr0ub4dor3x | frob login --password-stdin",
        "frob -Password Tr0ub4dor3x",
        "openssl passwd -1 Tr0ub4dor3x",
        "useradd -m -p $(openssl passwd -6 -salt ab Tr0ub4dor3x) bob",
        "useradd -m -p \"$(openssl passwd -1 Tr0ub4dor3x)\" bob",
        "sqlplus -s shop/Tr0ub4dor3x@//db:1521/x @/init.sql",
        "sqlplus 'shop/Tr0ub4dor3x'",
        "RUN /bin/sh -c sqlplus shop/Tr0ub4dor3x @/init.sql",
        "ORACLE_SID=x sqlplus shop/Tr0ub4dor3x",
        "cd /x && sudo sqlplus shop/Tr0ub4dor3x",
        "docker exec db sqlplus shop/Tr0ub4dor3x@x",
        "docker exec db sqlplus shop/Tr0ub4dor3x",
        "sudo -u oracle sqlplus shop/Tr0ub4dor3x",
        "gosu oracle sqlplus shop/Tr0ub4dor3x",
        "runuser -u oracle -- sqlplus shop/Tr0ub4dor3x",
        "timeout 30 sqlplus shop/Tr0ub4dor3x",
        "until sqlplus -s shop/Tr0ub4dor3x; do sleep 1; done",
        "echo exit | sqlplus shop/Tr0ub4dor3x",
        "sqlldr userid=shop/Tr0ub4dor3x@db control=x.ctl",
        "expdp full=y USERID='shop/Tr0ub4dor3x'",
        "curl '' -u bob:Tr0ub4dor3x",
        "expdp shop/Tr0ub4dor3x@db full=y",
        "rclone config create r s3 secret_access_key Tr0ub4dor3x",
        "chpasswd <<< 'root:Tr0ub4dor3x'",
        "chpasswd <<<root:Tr0ub4dor3x",
        "sudo -S <<< Tr0ub4dor3x ls",
        "chpasswd <<EOF\nroot:Tr0ub4dor3x\nEOF\necho a:Tr0ub4dor9y",
        "RUN /bin/sh -c chpasswd <<EOF\nroot:Tr0ub4dor3x\nEOF # buildkit",
        "sh -c \"chpasswd <<EOF\nroot:Tr0ub4dor3x\nEOF\"\necho a:Tr0ub4dor9y",
        "su x -lc 'chpasswd <<EOF\nroot:Tr0ub4dor3x\nEOF'",
        "chpasswd <<EOF\nEOFX:Tr0ub4dor3x\nEOF\n",
        "cat /x | chpasswd <<-'EOF'\n\troot:Tr0ub4dor3x\n\tEOF\n",
        "cat <<EOF | chpasswd\nroot:Tr0ub4dor3x\nEOF\necho a:Tr0ub4dor9y",
        "docker login -u b --password-stdin r <<EOF\nTr0ub4dor3x\nEOF\n",
        "sh -c \"echo root:Tr0ub4dor3x | chpasswd\"",
        "RUN /bin/sh -c sh -c \"echo root:Tr0ub4dor3x | chpasswd\" # buildkit",
        "bash -lc 'echo \"root:Tr0ub4dor3x\" | chpasswd' && echo b:Tr0ub4dor9y | cat",
        "bash -lc \"echo \\\"root:Tr0ub4dor3x\\\" | chpasswd\"",
        "su -c \"sh -c 'echo root:Tr0ub4dor3x | chpasswd'\" root",
        "su - bob -c 'curl -u bob:Tr0ub4dor3x https://x'",
        "sh -c 'mysql -p\"Tr0ub4dor3x\" shop; true' | tee /x",
        "sh -c 'foo --password Tr0ub4dor3x'",
        "(echo root:Tr0ub4dor3x; true) | chpasswd",
        "{ echo root:Tr0ub4dor3x; } | chpasswd",
        "echo root:Tr0ub4dor3x 2>/dev/null | chpasswd",
        "echo root:Tr0ub4dor3x 2>&1 | chpasswd",
        "{ echo root:Tr0ub4dor3x; } 2>/dev/null | chpasswd",
        "{ echo root:Tr0ub4dor3x; } 2> /dev/null | chpasswd",
        "( echo root:Tr0ub4dor3x ) 2>&1 | chpasswd",
        "(echo root:Tr0ub4dor3x; true) 2>> /x < /dev/null | chpasswd",
        "true &>/dev/null; echo root:Tr0ub4dor3x | chpasswd >&2",
        "(cat) <<EOF | chpasswd\nroot:Tr0ub4dor3x\nEOF\n",
        "sleep 1 & echo root:Tr0ub4dor3x | chpasswd",
        "sleep 1& echo root:Tr0ub4dor3x | chpasswd",
        "chpasswd <<< $'root:Tr0ub4dor3x'",
        "echo 'machine x.io login y password Tr0ub4dor3x' > ~/.netrc",
        "echo machine x.io login y password Tr0ub4dor3x >> /root/.netrc",
        "printf \"machine x\\nlogin y\\npassword Tr0ub4dor3x\\n\" > ~/.netrc",
        "printf 'machine %s login %s password %s\\n' x.io y Tr0ub4dor3x > ~/.netrc",
        "printf 'machine x login y password %s' \"Tr0ub4dor3x\" > ~/.netrc",
        "cat > ~/.netrc <<EOF\nmachine x\n  login y\n  password Tr0ub4dor3x\nEOF\n",
        "echo -e 'machine x\\n\\tlogin y\\n\\tpassword Tr0ub4dor3x' | tee ~/.netrc",
    ] {
        assert_eq!(found(line), ["Tr0ub4dor3x"], "{line}");
    }
    let hash = format!("$6$q7RtY2mW${}", "aB3dE5gH".repeat(10));
    let line = format!("useradd -p '{hash}' x");
    assert_eq!(found(&line), [hash]);
}

#[test]
fn several_passwords_that_are_handed_over() {
    let line = "printf 'root:Tr0ub4dor3x\\nbob:Tr0ub4dor3y\\n' | chpasswd";
    assert_eq!(found(line), ["Tr0ub4dor3x", "Tr0ub4dor3y"]);
    let line = "echo -e 'Tr0ub4dor3x\\nTr0ub4dor3x' | passwd root";
    assert_eq!(found(line)[0], "Tr0ub4dor3x");
    for text in [
        "printf '%s:%s\\n' root Tr0ub4dor3x bob Tr0ub4dor3y | chpasswd",
        "printf '%s\\n' root:Tr0ub4dor3x bob:Tr0ub4dor3y | chpasswd",
        "printf 'root:Tr0ub4dor3x\\n%s\\n' bob:Tr0ub4dor3y | chpasswd",
        "echo -e 'root:Tr0ub4dor3x\\nbob:Tr0ub4dor3y' | chpasswd",
        "sh -c \"echo -e 'root:Tr0ub4dor3x\\nbob:Tr0ub4dor3y' | chpasswd\"",
        "chpasswd <<< $'root:Tr0ub4dor3x\\nbob:Tr0ub4dor3y'",
        "chpasswd <<E\na:Tr0ub4dor3x\nb:Tr0ub4dor3y\nE",
        "cat <<E | sudo chpasswd\na:Tr0ub4dor3x\nb:Tr0ub4dor3y\nE",
        "(echo a:Tr0ub4dor3x; echo b:Tr0ub4dor3y) | chpasswd",
        "{ echo a:Tr0ub4dor3x; echo b:Tr0ub4dor3y; } | chpasswd",
        "echo a:Tr0ub4dor3x | chpasswd && echo b:Tr0ub4dor3y | chpasswd",
    ] {
        assert_eq!(found(text), ["Tr0ub4dor3x", "Tr0ub4dor3y"], "{text}");
    }
}

#[test]
fn what_is_no_password() {
    for line in [
        "curl -u $USER:$PASS https://x",
        "beeline -u jdbc:hive2://h -n etl -p \"$HIVE_PASSW0RD\"",
        "bcp t out f -S s1.corp -T -b 10000 -t 0x1f",
        "gradle bcp -Pversion1=2",
        "cp -P /opt/mssql-tools18/bin/bcp /usr/local/bin1",
        "mkdir -p /opt/cqlsh/conf1 /opt/beeline/conf1",
        "pip install cqlsh==6.2.0 -t /opt/py311",
        "cqlsh -u a -p '' h0st1 --cqlversion 3.4.5",
        "airflow webserver -p 8080x1",
        "airflow users list -o json1",
        "airflow celery worker -q users -p 8793-x1",
        "airflow users export /tmp/users-1.json",
        "airflow connections create users -p 8793-x1",
        "airflow users create -u admin -p $ADMIN_PASSW0RD",
        "hadoop credential create fs.s3a.secret.key -provider jceks://file/x1.jceks",
        "hadoop credential list -value some-thing1",
        "neo4j-admin dbms set-initial-password \"${NEO4J_PASSW0RD}\"",
        "neo4j-admin server memory-recommendation --memory=16g1",
        "neo4j-admin dbms set-initial-password < /run/secrets/pw1",
        "nifi.sh set-single-user-credentials admin1",
        "nifi.sh set-sensitive-properties-algorithm NIFI_PBKDF2_AES_GCM_256",
        "pdm config repository.corp.url https://pypi1.corp/simple",
        "pdm config repository.corp.username b0bby1",
        "pdm config pypi.verify_ssl fals3-y1",
        "echo somethin9 | elasticsearch-keystore create",
        "echo 'getting a ticket1' && kinit -kt /etc/krb5-1.keytab etl@CORP",
        "echo somethin9 | grep kinit1",
        "wandb login --relogin --host=https://wandb1.corp.example",
        "wandb login $WANDB_API_KEY1",
        "bundle config set --local path vendor/bundle1",
        "bundle config mirror.https://rubygems.org https://gems.corp:8443",
        "bundle config set --local without development:test1",
        "composer config repositories.corp composer https://repo.corp",
        "composer config http-basic.repo.corp bob $T0KEN",
        "openssl passwd -6 -in /run/secrets/pw1",
        "frob -password file-name",
        "frob -passwordless -token",
        "echo something1 | frob --password-std",
        "mysql -pпароль",
        "curl -u \"bob:some words here\" x",
        "dotnet nuget add source https://x -n corp1",
        "useradd -m -p \"$(openssl passwd -6 $PASSW0RD)\" bob",
        "curl -u bob:${PASS} https://x",
        "docker run -u 1000:1000 -p 8080:80 x",
        "docker run -p 127.0.0.1:8080:80 x login",
        "mysql -p db",
        "mkdir -p some/folder/here",
        "echo \"root:$PW\" | chpasswd",
        "echo something | grep login",
        "curl -o user:file https://x",
        "sshpass -e ssh h",
        "ssh -p 2222 host",
        "curl -o u:Tr0ub4dor3x https://x",
        "curl -fsS --url u:Tr0ub4dor3x https://x",
        "curl -Hu:Tr0ub4dor3x https://x",
        "docker login --username x --password-stdin r1.corp",
        "docker login --username x --password $PASSWORD r.corp",
        "foo --token \"${TOKEN}\" --password --user b0b",
        "foo --password-file /run/secrets/pw1",
        "foo --token-ttl 24h00m",
        "foo --password <password> --token TOKEN",
        "RUN --mount=type=secret,id=ca NODE_EXTRA_CA_CERTS=/run/secrets/ca1 npm install",
        "aws configure set region eu-west-1",
        "set -- --secret id=npm1,src=.npmrc",
        "docker build --secret id=npmrc1,src=/root/.npmrc .",
        "kubectl create secret generic a --from-file=key1",
        "./app -db mysql -dsn x -prefork2",
        "sqlplus / as sysdba",
        "sqlplus -s /nolog @/opt/init-2.sql",
        "sqlplus $DB_USER/$DB_PASSWORD@db",
        "sqlplus scott/tiger@db",
        "sqlldr control=load/users-2.ctl",
        "sqlldr userid=/ control=load/users-2.ctl",
        "cp /opt/oracle/sqlplus usr/local1/bin",
        "cp sqlplus share/instantclient19",
        "sudo cp sqlplus share/instantclient19",
        "ln -s /opt/instantclient/sqlplus bin/sqlplus64",
        "chmod +x bin/sqlplus lib/libsqlplus.so",
        "apt-get install -y sqlplus oracle/stable19",
        "RUN /bin/sh -c cp sqlplus share/instantclient19",
        "printf 'root:%s' \"$PW\" | chpasswd",
        "htpasswd -c /etc/htpasswd bobuser",
        "htpasswd -b /f bob $PASSWORD",
        "htpasswd -nb bobuser \"${PASSWORD}\"",
        "keytool -importcert -storepass changeit -noprompt",
        "keytool -list -storepass:env PASS -keystore /a/store1",
        "ssh-keygen -A -N '' -f /etc/ssh/key1",
        "openssl rsa -passin env:PASSW0RD -in x",
        "echo \"machine x login y password $TOKEN\" > ~/.netrc",
        "printf 'machine x login y password %s' \"$T0KEN\"",
        "the state machine resets the login form and password field",
        "chpasswd < /run/secrets/users1",
        "echo 'app1:x:1000:1000::/home/app1:/bin/sh' | tee -a /etc/passwd",
        "echo something1 | grep -v passwd",
        "sh -c \"echo root:$PW | chpasswd\"",
        "sh -c 'echo root:Tr0ub4dor3x | grep chpasswd1'; chpasswd",
        "(echo root:Tr0ub4dor3x; true) || chpasswd",
        "(echo root:Tr0ub4dor3x); chpasswd < /x",
        "{ echo root:Tr0ub4dor3x; } 2>&1; true | chpasswd",
        "(echo root:Tr0ub4dor3x) 2>/dev/null; true | chpasswd",
        "(echo root:Tr0ub4dor3x) 2>&1 || true | chpasswd",
        "(echo root:Tr0ub4dor3x) & true 2>&1 | chpasswd",
        "echo \"it's \\\"root:Tr0ub4dor3x | chpasswd\\\" here\"",
        "grep -c 'root:Tr0ub4dor3x' /x | chpasswd",
        "cat <<EOF | sudo -S tee /x\nTr0ub4dor3x\nEOF\n",
        "cat <<EOF | grep chpasswd\nroot:Tr0ub4dor3x\n",
        "printf '%s\\n' root bob | chpasswd",
        "docker run -p 8086:8086 influx",
        "echo something1 | gpg --passphrase-fd 3 -e 3< /x",
        "cat <<< something1 | grep login",
        "script: |\n  echo something1 |\n  grep login",
        "the-machine login bob1 password Tr0ub4dor3x",
    ] {
        assert_eq!(found(line), Vec::<String>::new(), "{line}");
        // Nor by whoever else reads it.
        let told = in_text(line, None, Detector::shared());
        let told = told.iter().map(|hit| &line[hit.start..hit.end]);
        assert_eq!(told.collect::<Vec<_>>(), [""; 0], "{line}");
    }
}

#[test]
fn what_is_no_command() {
    for line in [
        "# foo --password Tr0ub4dor3x",
        "# it's \"foo --password Tr0ub4dor3x",
        "echo \"foo --password Tr0ub4dor3x",
    ] {
        assert_eq!(found(line), [""; 0], "{line}");
    }
}

#[test]
fn words_of_the_exec_form() {
    let words: Vec<String> = ["/usr/bin/curl", "-u", "bob:Tr0ub4dor3x", "https://x"]
        .map(str::to_owned)
        .to_vec();
    let found = in_arguments(&words);
    let starts = found
        .iter()
        .map(|hits| hits.iter().map(|hit| hit.start).collect());
    assert_eq!(
        starts.collect::<Vec<Vec<usize>>>(),
        [vec![], vec![], vec![4], vec![]]
    );
}

/// A text in quotes goes on in the next lines.
#[test]
fn passwords_of_lines_in_quotes() {
    for text in [
        "echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' | chpasswd\n",
        "RUN echo \"root:Tr0ub4dor3x\nbob:Tr0ub4dor4x\n\" | chpasswd && ls\n",
        "printf 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x\n' |\\\n chpasswd\n",
        "x\necho 'root:Tr0ub4dor3x\n\nbob:Tr0ub4dor4x'|sudo chpasswd\nls\n",
        "RUN set -e && \\\n  echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' | chpasswd\n",
        "RUN apt-get install x \\\n && printf \"root:Tr0ub4dor3x\nbob:Tr0ub4dor4x\n\" | chpasswd && \\\n ls\n",
        "echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' |\n  chpasswd\n",
        "echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' \\\n  | chpasswd\n",
        "echo \"#users\nroot:Tr0ub4dor3x\nbob:Tr0ub4dor4x\" | chpasswd\n",
        "echo -e 'root:Tr0ub4dor3x\\n\nbob:Tr0ub4dor4x' | chpasswd\n",
        "echo a\\'b && echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' | chpasswd\n",
    ] {
        assert_eq!(found(text), ["Tr0ub4dor3x", "Tr0ub4dor4x"], "{text}");
    }
    for none in [
        "echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' > /etc/motd\n",
        "# don't echo 'root:Tr0ub4dor3x\n' | chpasswd\n",
        "# echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' | chpasswd\n",
        "ls # echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' | chpasswd\n",
        "echo # isn't\nbob:Tr0ub4dor4x' | chpasswd\n",
        "echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' |\n  grep root\n",
        "echo 'root:Tr0ub4dor3x\nbob:Tr0ub4dor4x' \\\n  > /etc/motd\n",
        "echo it isn't root:Tr0ub4dor3x\nbob:Tr0ub4dor4x\n",
        "echo 'root:$A\nbob:${B}' | chpasswd\n",
    ] {
        assert_eq!(found(none), [""; 0], "{none}");
    }
    // What follows is read as before.
    let text = "echo 'a\nb' | tee x\ncurl -u bob:Tr0ub4dor3x https://x\n";
    assert_eq!(found(text), ["Tr0ub4dor3x"]);
    let many = format!("echo 'root:x\n{}", "echo 'a:b\n".repeat(20_000));
    assert_eq!(found(&many), [""; 0]);
}

/// Each line costs its length, however many it is to its reader.
#[test]
fn many_lines_in_one_take_no_time() {
    let line = format!("echo -e '{}' | chpasswd\n", "\\n".repeat(8_000));
    assert_eq!(found(&line.repeat(200)), [""; 0]);
}

proptest! {
    #[test]
    fn any_text_ends(text in "(curl|mysql|echo|sh -c |machine |login |password |htpasswd -b|<<<|<<E|\\| chpasswd|2>&1|&>|-u|-p|[ \"'|;&(){}\\\\\n:é$]|[a-z0-9]{1,9}){0,40}") {
        for value in found(&text) {
            prop_assert!(!value.is_empty());
        }
    }
}

/// Other letters than ASCII's and blanks take nothing from what is drawn, and a sentence is none.
#[test]
fn passwords_with_other_letters() {
    let password = format!("tA9wS6t{}", "P5dM3kW6u");
    for text in [
        "mysql -päPW x",
        "curl -u bob:üPW x",
        "echo \"root:ßPW\" | chpasswd",
        "docker login -u a -p éPW r",
        "sshpass -p 'éPW' ssh h",
        "sshpass -p 'my PW' ssh h",
    ] {
        let text = text.replace("PW", &password);
        let found = found(&text);
        assert!(found.len() == 1 && found[0].ends_with(&password), "{text}");
    }
}
