//! Groups of well known artifacts, for archives that do not say their own.

/// Artifacts, and the group of each. A name that ends in `*` stands for all that begin so; the
/// first that fits counts.
const GROUPS: &str = "\
log4j log4j
log4j-over-slf4j org.slf4j
log4j-* org.apache.logging.log4j
reload4j ch.qos.reload4j
logback-* ch.qos.logback
slf4j-* org.slf4j
jcl-over-slf4j org.slf4j
jul-to-slf4j org.slf4j
commons-collections4 org.apache.commons
commons-lang3 org.apache.commons
commons-text org.apache.commons
commons-compress org.apache.commons
commons-csv org.apache.commons
commons-math3 org.apache.commons
commons-crypto org.apache.commons
commons-configuration2 org.apache.commons
commons-dbcp2 org.apache.commons
commons-pool2 org.apache.commons
commons-exec org.apache.commons
commons-vfs2 org.apache.commons
commons-collections commons-collections
commons-lang commons-lang
commons-io commons-io
commons-codec commons-codec
commons-logging commons-logging
commons-beanutils commons-beanutils
commons-fileupload commons-fileupload
commons-httpclient commons-httpclient
commons-cli commons-cli
commons-configuration commons-configuration
commons-dbcp commons-dbcp
commons-pool commons-pool
commons-digester commons-digester
commons-net commons-net
commons-validator commons-validator
commons-jxpath commons-jxpath
commons-daemon commons-daemon
spring-boot* org.springframework.boot
spring-security-* org.springframework.security
spring-data-* org.springframework.data
spring-cloud-* org.springframework.cloud
spring-session-* org.springframework.session
spring-ws-* org.springframework.ws
spring-batch-* org.springframework.batch
spring-integration-* org.springframework.integration
spring-kafka org.springframework.kafka
spring-rabbit org.springframework.amqp
spring-amqp org.springframework.amqp
spring-retry org.springframework.retry
spring-plugin-* org.springframework.plugin
spring-hateoas org.springframework.hateoas
spring-ldap-* org.springframework.ldap
spring-* org.springframework
jackson-dataformat-* com.fasterxml.jackson.dataformat
jackson-datatype-* com.fasterxml.jackson.datatype
jackson-module-* com.fasterxml.jackson.module
jackson-jaxrs-* com.fasterxml.jackson.jaxrs
jackson-core-asl org.codehaus.jackson
jackson-mapper-asl org.codehaus.jackson
jackson-* com.fasterxml.jackson.core
netty-* io.netty
netty io.netty
guava com.google.guava
failureaccess com.google.guava
gson com.google.code.gson
guice com.google.inject
protobuf-java* com.google.protobuf
jsr305 com.google.code.findbugs
error_prone_annotations com.google.errorprone
grpc-* io.grpc
tomcat-embed-* org.apache.tomcat.embed
tomcat-* org.apache.tomcat
jetty-* org.eclipse.jetty
undertow-* io.undertow
hibernate-validator org.hibernate.validator
hibernate-* org.hibernate
mysql-connector-java mysql
mysql-connector-j com.mysql
mariadb-java-client org.mariadb.jdbc
postgresql org.postgresql
h2 com.h2database
hsqldb org.hsqldb
sqlite-jdbc org.xerial
snappy-java org.xerial.snappy
HikariCP com.zaxxer
httpclient org.apache.httpcomponents
httpcore org.apache.httpcomponents
httpmime org.apache.httpcomponents
httpclient5 org.apache.httpcomponents.client5
httpcore5* org.apache.httpcomponents.core5
okhttp com.squareup.okhttp3
okhttp-* com.squareup.okhttp3
logging-interceptor com.squareup.okhttp3
retrofit com.squareup.retrofit2
moshi* com.squareup.moshi
jcommander com.beust
kotlinx-* org.jetbrains.kotlinx
jedis redis.clients
lettuce-core io.lettuce
caffeine com.github.ben-manes.caffeine
opentelemetry-* io.opentelemetry
lombok org.projectlombok
checker-qual org.checkerframework
j2objc-annotations com.google.j2objc
validation-api javax.validation
javax.annotation-api javax.annotation
jakarta.annotation-api jakarta.annotation
jakarta.validation-api jakarta.validation
jakarta.xml.bind-api jakarta.xml.bind
antlr4-runtime org.antlr
rhino org.mozilla
jsch com.jcraft
sshd-* org.apache.sshd
allure-* io.qameta.allure
okio* com.squareup.okio
struts2-* org.apache.struts
xwork-core org.apache.struts.xwork
ognl ognl
velocity org.apache.velocity
velocity-* org.apache.velocity
freemarker org.freemarker
snakeyaml org.yaml
xstream com.thoughtworks.xstream
fastjson com.alibaba
fastjson2 com.alibaba.fastjson2
druid com.alibaba
shiro-* org.apache.shiro
bcprov-* org.bouncycastle
bcpkix-* org.bouncycastle
bcutil-* org.bouncycastle
jsoup org.jsoup
json org.json
json-path com.jayway.jsonpath
json-smart net.minidev
joda-time joda-time
dom4j org.dom4j
xercesImpl xerces
xalan xalan
xmlsec org.apache.santuario
kotlin-* org.jetbrains.kotlin
scala-library org.scala-lang
scala-reflect org.scala-lang
junit junit
hamcrest-* org.hamcrest
kafka-clients org.apache.kafka
kafka org.apache.kafka
kafka-streams-scala org.apache.kafka
akka-http* com.typesafe.akka
akka-* com.typesafe.akka
pekko-* org.apache.pekko
play com.typesafe.play
play-* com.typesafe.play
cats-core org.typelevel
cats-effect* org.typelevel
zookeeper org.apache.zookeeper
curator-* org.apache.curator
hadoop-* org.apache.hadoop
hive-* org.apache.hive
spark-* org.apache.spark
parquet-* org.apache.parquet
avro org.apache.avro
avro-* org.apache.avro
derby org.apache.derby
ivy org.apache.ivy
ant org.apache.ant
ant-* org.apache.ant
poi org.apache.poi
poi-* org.apache.poi
pdfbox org.apache.pdfbox
tika-* org.apache.tika
lucene-* org.apache.lucene
activemq-* org.apache.activemq
camel-* org.apache.camel
cxf-* org.apache.cxf
wagon-* org.apache.maven.wagon
plexus-* org.codehaus.plexus
asm org.ow2.asm
asm-* org.ow2.asm
cglib cglib
javassist org.javassist
byte-buddy* net.bytebuddy
aopalliance aopalliance
aspectjweaver org.aspectj
aspectjrt org.aspectj
javax.servlet-api javax.servlet
jakarta.servlet-api jakarta.servlet
javax.inject javax.inject
javax.mail com.sun.mail
jaxb-api javax.xml.bind
nimbus-jose-jwt com.nimbusds
jjwt* io.jsonwebtoken
java-jwt com.auth0
jna net.java.dev.jna
jna-platform net.java.dev.jna
lz4-java org.lz4
zstd-jni com.github.luben
micrometer-* io.micrometer
reactor-core io.projectreactor
reactor-netty* io.projectreactor.netty
thymeleaf org.thymeleaf
mybatis org.mybatis
quartz org.quartz-scheduler
c3p0 com.mchange
esapi org.owasp.esapi
";

/// Bundles whose symbolic name does not hold group and artifact as they are, and those.
const BUNDLES: &str = "\
org.apache.log4j log4j log4j
com.google.guava com.google.guava guava
com.google.gson com.google.code.gson gson
com.google.inject com.google.inject guice
com.google.protobuf com.google.protobuf protobuf-java
org.apache.commons.lang commons-lang commons-lang
org.apache.commons.lang3 org.apache.commons commons-lang3
org.apache.commons.collections commons-collections commons-collections
org.apache.commons.commons-collections4 org.apache.commons commons-collections4
org.apache.commons.commons-text org.apache.commons commons-text
org.apache.commons.commons-compress org.apache.commons commons-compress
org.apache.commons.io commons-io commons-io
org.apache.commons.commons-io commons-io commons-io
org.apache.commons.codec commons-codec commons-codec
org.apache.commons.commons-codec commons-codec commons-codec
org.apache.commons.cli commons-cli commons-cli
org.apache.commons.commons-cli commons-cli commons-cli
org.apache.commons.logging commons-logging commons-logging
org.apache.commons.commons-logging commons-logging commons-logging
org.apache.commons.fileupload commons-fileupload commons-fileupload
org.apache.commons.beanutils commons-beanutils commons-beanutils
org.apache.httpcomponents.httpclient org.apache.httpcomponents httpclient
org.apache.httpcomponents.httpcore org.apache.httpcomponents httpcore
org.yaml.snakeyaml org.yaml snakeyaml
org.postgresql.jdbc org.postgresql postgresql
org.joda.time joda-time joda-time
joda-time joda-time joda-time
slf4j.api org.slf4j slf4j-api
ch.qos.logback.core ch.qos.logback logback-core
ch.qos.logback.classic ch.qos.logback logback-classic
org.objectweb.asm org.ow2.asm asm
org.objectweb.asm.tree org.ow2.asm asm-tree
org.objectweb.asm.tree.analysis org.ow2.asm asm-analysis
org.objectweb.asm.commons org.ow2.asm asm-commons
org.objectweb.asm.util org.ow2.asm asm-util
org.apache.logging.log4j.core org.apache.logging.log4j log4j-core
org.apache.logging.log4j.api org.apache.logging.log4j log4j-api
org.apache.logging.log4j.1.2-api org.apache.logging.log4j log4j-1.2-api
";

/// The group of a well known artifact.
pub(super) fn of(artifact: &str) -> Option<&'static str> {
    GROUPS.lines().find_map(|line| {
        let (name, group) = line.split_once(' ')?;
        let fits = match name.strip_suffix('*') {
            Some(start) => artifact.starts_with(start),
            None => artifact == name,
        };
        fits.then_some(group)
    })
}

/// Group and artifact of a well known bundle.
pub(super) fn of_bundle(symbolic: &str) -> Option<(&'static str, &'static str)> {
    BUNDLES.lines().find_map(|line| {
        let (name, rest) = line.split_once(' ')?;
        if name == symbolic {
            rest.split_once(' ')
        } else {
            None
        }
    })
}
