# shellcheck shell=bash disable=SC2154,SC2034
# ZooKeeper 3.8, one server. The library package has the jars and, unlike zookeeperd, starts nothing by itself.

ZOOKEEPER_JARS=/usr/share/java

zookeeper_packages() { printf '%s\n' libzookeeper-java default-jre-headless; }
zookeeper_is_there() { [ -r "$ZOOKEEPER_JARS/zookeeper.jar" ] && command -v java >/dev/null; }
zookeeper_variable() { printf 'MEEPO_ZOOKEEPER'; }

zookeeper_configure() {
  mkdir -p "$folder/data"
  # Half a second a tick allows sessions from 1 s, so that tests see one expire soon.
  cat >"$folder/zoo.cfg" <<TEXT
tickTime=500
dataDir=$folder/data
clientPort=$port
clientPortAddress=127.0.0.1
maxClientCnxns=0
minSessionTimeout=1000
maxSessionTimeout=60000
admin.enableServer=false
4lw.commands.whitelist=srvr
TEXT
  cat >"$folder/log4j.properties" <<'TEXT'
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{1} %m%n
TEXT
}

zookeeper_command() {
  # A small heap and the quick compiler: it starts sooner and leaves the machine to what is tested.
  command=(java -Xms64m -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
    -Dzookeeper.preAllocSize=1024 -Dlog4j.configuration="file:$folder/log4j.properties"
    -cp "$folder:$ZOOKEEPER_JARS/zookeeper.jar:$ZOOKEEPER_JARS/slf4j-log4j12.jar:$ZOOKEEPER_JARS/log4j-1.2.jar"
    org.apache.zookeeper.server.quorum.QuorumPeerMain "$folder/zoo.cfg")
}

zookeeper_answers() {
  # shellcheck disable=SC2016
  timeout 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf srvr >&3 && cat <&3' _ "$port" | grep -q '^Mode:'
}
