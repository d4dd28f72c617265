//! Programs that tell their version, by the names of their files and by what stands beside the
//! version in them.

/// What a version is found by.
pub(super) enum Sign {
    /// It stands right behind `text`; and `near`, if that is not empty, follows soon.
    Behind {
        text: &'static [u8],
        near: &'static [u8],
    },
    /// It stands right before this.
    Before(&'static [u8]),
    /// It stands alone, and begins with the number in the file's name where there is one.
    Series,
    /// It begins the build id that Redis and its kin print, before the name of a container that
    /// built them.
    BuildId,
    /// It begins that build id before any machine's name, and stands alone besides.
    BuildIdAndAlone,
}

/// A program or library.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// The names of its files; one that ends in `*` is what they begin with.
    files: &'static [&'static str],
    pub(super) signs: &'static [Sign],
}

impl Program {
    /// Whether a file of this name may be it.
    pub(super) fn fits(&self, name: &str) -> bool {
        self.files.iter().any(|file| match file.strip_suffix('*') {
            None => *file == name,
            // A number or a version follows: `python3.11`, `libssl.so.3`, `libssl-0a1b.so.1.1`.
            Some(start) => name.strip_prefix(start).is_some_and(|rest| {
                rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'))
                    && (!start.starts_with("lib") || rest.contains("so"))
            }),
        })
    }
}

const fn behind(text: &'static [u8]) -> Sign {
    Sign::Behind { text, near: b"" }
}

const fn between(text: &'static [u8], near: &'static [u8]) -> Sign {
    Sign::Behind { text, near }
}

const fn program(
    name: &'static str,
    files: &'static [&'static str],
    signs: &'static [Sign],
) -> Program {
    Program { name, files, signs }
}

/// Every program that is known.
pub(super) const PROGRAMS: &[Program] = &[
    program(
        "python",
        &["python", "python*", "libpython*"],
        &[Sign::Series],
    ),
    program("pypy", &["libpypy*"], &[behind(b"[PyPy ")]),
    program("node", &["node", "nodejs"], &[behind(b"node.js/v")]),
    program("deno", &["deno"], &[behind(b"Deno/")]),
    program("bun", &["bun"], &[behind(b"Bun v"), behind(b"bun-v")]),
    program(
        "ruby",
        &["ruby", "ruby*", "libruby*"],
        &[between(b"ruby ", b" (20")],
    ),
    program(
        "php",
        &[
            "php", "php*", "php-fpm", "php-fpm*", "php-cgi", "php-cgi*", "libphp*",
        ],
        &[behind(b"X-Powered-By: PHP/")],
    ),
    program(
        "perl",
        &["perl", "perl*", "libperl*"],
        &[behind(b"/lib/perl5/"), behind(b"/share/perl/")],
    ),
    program(
        "lua",
        &["lua", "lua*", "liblua*"],
        &[between(b"Lua ", b"  Copyright")],
    ),
    program(
        "erlang",
        &["beam.smp", "erlexec"],
        &[
            between(b"/src/otp_src_", b"/erts/"),
            between(b"/src/otp-", b"/erts/"),
        ],
    ),
    program(
        "dart",
        &["dart"],
        &[
            between(b"Dart,GC\"\0", b" (stable)"),
            between(b"\"%s\"\0", b" (stable)"),
        ],
    ),
    program(
        "rust",
        &["librustc_driver-*", "libstd-*"],
        &[behind(b"rustc version ")],
    ),
    program(
        "gcc",
        &["gcc", "g++", "cc1", "cc1plus"],
        &[behind(b"GCC: (GNU) ")],
    ),
    program("nginx", &["nginx"], &[behind(b"nginx version: nginx/")]),
    program(
        "openresty",
        &["nginx", "openresty"],
        &[behind(b"nginx version: openresty/")],
    ),
    program(
        "httpd",
        &["httpd", "apache2"],
        &[between(b"Apache/", b" (")],
    ),
    program(
        "haproxy",
        &["haproxy"],
        &[
            between(b"version ", b", released 20"),
            behind(b"HA-Proxy version "),
        ],
    ),
    program("lighttpd", &["lighttpd"], &[behind(b"\0lighttpd/")]),
    program("squid", &["squid"], &[behind(b"Squid Cache: Version ")]),
    program(
        "redis",
        &["redis-server"],
        &[
            behind(b"Redis version "),
            Sign::BuildId,
            Sign::BuildIdAndAlone,
        ],
    ),
    program(
        "valkey",
        &["valkey-server"],
        &[Sign::BuildId, Sign::BuildIdAndAlone],
    ),
    program("memcached", &["memcached"], &[behind(b"memcached ")]),
    program(
        "postgresql",
        &["postgres", "psql"],
        &[behind(b"(PostgreSQL) "), behind(b"\0PostgreSQL ")],
    ),
    program(
        "mariadb",
        &["mariadbd", "mariadb", "mysqld", "mysql"],
        &[Sign::Before(b"-MariaDB")],
    ),
    program("mysql", &["mysqld", "mysql"], &[between(b"/mysql-", b"/")]),
    program(
        "percona-server",
        &["mysqld", "mysql"],
        &[between(b"/percona-server-", b"/")],
    ),
    program(
        "mongodb",
        &["mongod", "mongos"],
        &[
            Sign::Before(b"\0tcmalloc"),
            Sign::Before(b"\0heap_size"),
            Sign::Before(b"\0cppdefines"),
        ],
    ),
    program("sqlcipher", &["sqlcipher"], &[behind(b"SQLCipher ")]),
    // Where all its names are one file, an archive holds that under the first of them.
    program(
        "busybox",
        &["busybox", "busybox*", "[", "[["],
        &[behind(b"BusyBox v")],
    ),
    program("bash", &["bash"], &[behind(b"@(#)Bash version ")]),
    program(
        "openssl",
        &["openssl", "libssl*", "libcrypto*"],
        &[between(b"\0OpenSSL ", b" 20")],
    ),
    program(
        "libressl",
        &["openssl", "libssl*", "libcrypto*"],
        &[behind(b"\0LibreSSL ")],
    ),
    program(
        "aws-lc",
        &["openssl", "libssl*", "libcrypto*"],
        &[behind(b"compatible; AWS-LC ")],
    ),
    program("openssh", &["sshd", "ssh"], &[behind(b"OpenSSH_")]),
    program("curl", &["curl"], &[behind(b"curl/")]),
    program("libcurl", &["libcurl*"], &[behind(b"libcurl/")]),
    program("git", &["git"], &[behind(b"git/")]),
    program("jq", &["jq"], &[behind(b"jq-")]),
    program(
        "ffmpeg",
        &[
            "ffmpeg",
            "ffprobe",
            "libavcodec*",
            "libavformat*",
            "libavutil*",
        ],
        &[behind(b"FFmpeg version "), behind(b"%s version ")],
    ),
    program("zlib", &["libz*"], &[between(b"deflate ", b" Copyright")]),
    program("xz", &["xz"], &[behind(b"xz (XZ Utils) ")]),
    program("expat", &["libexpat*"], &[behind(b"expat_")]),
    program("krb5", &["libkrb5*"], &[behind(b"KRB5_BRAND: krb5-")]),
    program(
        "openldap",
        &["ldapsearch", "slapd"],
        &[
            behind(b"$OpenLDAP: ldapsearch "),
            behind(b"$OpenLDAP: slapd "),
        ],
    ),
    program("proftpd", &["proftpd"], &[behind(b"ProFTPD Version ")]),
    program("glibc", &["libc.so.6"], &[behind(b" release version ")]),
    program("swipl", &["swipl"], &[between(b"swipl-", b"/")]),
    program("ghc", &["ghc", "ghc*"], &[behind(b"\0GHC ")]),
    program(
        "wp-cli",
        &["wp", "wp-cli.phar"],
        &[behind(b"wp-cli/wp-cli ")],
    ),
    program(
        "composer",
        &["composer", "composer.phar"],
        &[behind(b"const VERSION = '")],
    ),
    program(
        "phpunit",
        &["phpunit", "phpunit*"],
        &[behind(b"phpunit/phpunit: ")],
    ),
];
