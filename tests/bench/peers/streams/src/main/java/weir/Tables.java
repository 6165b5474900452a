package weir;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.ReadOnlyWindowStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The four tables of schema/interactions.json in Kafka Streams: users, items, items by the minute,
 * types, from a topic that is full, to its end.
 *
 * <p>java weir.Tables BROKERS TOPIC EVENTS FOLDER
 *
 * <p>Settings are the defaults: one thread, at least once, commits every 30 s, a cache of 10 MiB,
 * RocksDB stores with their changelog topics. As weir does, it checks each event: JSON (Jackson, no
 * key twice), fields and their types, what the type may be. The topic is keyed by user, so users
 * need no repartition topic. Items and types do; users, items and types are counted on the key
 * alone, so that what goes through those topics has no value.
 *
 * <p>Windows take late events for longer than weir's ten seconds: Streams reads partitions unevenly
 * and knows one time a task, so it would drop what is not late. They are kept for as long.
 *
 * <p>Prints what it counted as JSON, in the form of weir's report.
 */
public final class Tables {
  private static final Set<String> TYPES = Set.of("click", "view", "purchase");
  private static final Duration GRACE = Duration.ofHours(24);

  record Event(String user, String item, String type, long timeMs) {}

  /** Valid events; anything else is null. */
  static final class EventSerde implements Serde<Event> {
    private final ObjectReader reader =
        JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private static String text(JsonNode event, String field) {
      JsonNode node = event.get(field);
      if (node == null || !node.isTextual()) return null;
      String text = node.textValue();
      return text.length() <= 64 ? text : null;
    }

    @Override
    public org.apache.kafka.common.serialization.Deserializer<Event> deserializer() {
      return (topic, data) -> {
        if (data == null) return null;
        try (JsonParser parser = reader.createParser(data)) {
          JsonNode event = reader.readTree(parser);
          if (event == null || !event.isObject()) return null;
          String user = text(event, "user_id");
          String item = text(event, "item_id");
          String type = text(event, "interaction_type");
          JsonNode time = event.get("timestamp");
          if (user == null || item == null || type == null || !TYPES.contains(type)) return null;
          if (time == null || !time.isIntegralNumber() || time.longValue() < 0) return null;
          if (time.longValue() > System.currentTimeMillis() + 3_600_000) return null;
          return new Event(user, item, type, time.longValue());
        } catch (java.io.IOException e) {
          return null;
        }
      };
    }

    @Override
    public org.apache.kafka.common.serialization.Serializer<Event> serializer() {
      return (topic, event) -> {
        throw new SerializationException("events are only read");
      };
    }
  }

  static final class EventTime implements TimestampExtractor {
    @Override
    public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
      // What is repartitioned has it as its own already.
      return record.value() instanceof Event event ? event.timeMs() : record.timestamp();
    }
  }

  private static StreamsBuilder topology(String topic) {
    StreamsBuilder builder = new StreamsBuilder();
    Serde<String> text = Serdes.String();
    Serde<Long> number = Serdes.Long();
    KStream<String, Event> events =
        builder.stream(
                topic,
                Consumed.with(text, new EventSerde()).withTimestampExtractor(new EventTime()))
            .filter((key, event) -> event != null);
    // No value is counted: an empty one stands for it, since null would be dropped.
    KStream<String, byte[]> users = events.mapValues(event -> new byte[0]);
    users
        .groupByKey(Grouped.with(text, Serdes.ByteArray()))
        .count(
            Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("users")
                .withKeySerde(text)
                .withValueSerde(number));
    KStream<String, byte[]> byItem =
        events.map((key, event) -> KeyValue.pair(event.item(), new byte[0]));
    // One repartition topic for both tables of items.
    var items =
        byItem
            .repartition(
                org.apache.kafka.streams.kstream.Repartitioned.<String, byte[]>as("items")
                    .withKeySerde(text)
                    .withValueSerde(Serdes.ByteArray()))
            .groupByKey(Grouped.with(text, Serdes.ByteArray()));
    items.count(
        Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("items")
            .withKeySerde(text)
            .withValueSerde(number));
    items
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), GRACE))
        .count(
            Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("item_minute")
                .withKeySerde(text)
                .withValueSerde(number)
                .withRetention(GRACE.plusMinutes(1)));
    events
        .map((key, event) -> KeyValue.pair(event.type(), new byte[0]))
        .groupByKey(Grouped.<String, byte[]>with("types", text, Serdes.ByteArray()))
        .count(
            Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("types")
                .withKeySerde(text)
                .withValueSerde(number));
    return builder;
  }

  private static ReadOnlyKeyValueStore<String, Long> store(KafkaStreams streams, String name) {
    return streams.store(
        StoreQueryParameters.fromNameAndType(name, QueryableStoreTypes.keyValueStore()));
  }

  private static ReadOnlyWindowStore<String, Long> windows(KafkaStreams streams) {
    return streams.store(
        StoreQueryParameters.fromNameAndType("item_minute", QueryableStoreTypes.windowStore()));
  }

  private static long total(KafkaStreams streams, String name) {
    long sum = 0;
    try (KeyValueIterator<String, Long> all = store(streams, name).all()) {
      while (all.hasNext()) sum += all.next().value;
    }
    return sum;
  }

  /** Whether all events are in all tables; those that are cheap to ask are asked first. */
  private static boolean done(KafkaStreams streams, long events) {
    try {
      return total(streams, "types") == events
          && total(streams, "items") == events
          && total(streams, "users") == events;
    } catch (InvalidStateStoreException e) {
      return false; // not started yet
    }
  }

  private static String entry(KeyValue<String, Long> row) {
    return String.format("{\"key\": \"%s\", \"interactions\": %d}", row.key, row.value);
  }

  private static String summary(List<KeyValue<String, Long>> rows) {
    rows.sort(
        Comparator.comparing((KeyValue<String, Long> row) -> -row.value)
            .thenComparing(row -> row.key));
    long total = 0;
    for (KeyValue<String, Long> row : rows) total += row.value;
    long max = rows.get(0).value;
    long min = rows.get(rows.size() - 1).value;
    long minKeys = rows.stream().filter(row -> row.value == min).count();
    List<String> top = new ArrayList<>();
    for (KeyValue<String, Long> row : rows.subList(0, Math.min(10, rows.size())))
      top.add(entry(row));
    return String.format(
        "\"keys\": %d, \"total\": %d, \"min\": {\"value\": %d, \"keys\": %d}, "
            + "\"max\": {\"value\": %d, \"key\": \"%s\"}, \"top\": [%s]",
        rows.size(), total, min, minKeys, max, rows.get(0).key, String.join(", ", top));
  }

  private static void print(KafkaStreams streams) {
    List<String> tables = new ArrayList<>();
    for (String name : List.of("users", "items", "types")) {
      List<KeyValue<String, Long>> rows = new ArrayList<>();
      try (KeyValueIterator<String, Long> all = store(streams, name).all()) {
        all.forEachRemaining(rows::add);
      }
      tables.add(String.format("\"%s\": {%s}", name, summary(rows)));
    }
    TreeMap<Long, List<KeyValue<String, Long>>> minutes = new TreeMap<>();
    try (KeyValueIterator<Windowed<String>, Long> all = windows(streams).all()) {
      while (all.hasNext()) {
        KeyValue<Windowed<String>, Long> row = all.next();
        minutes
            .computeIfAbsent(row.key.window().start(), start -> new ArrayList<>())
            .add(KeyValue.pair(row.key.key(), row.value));
      }
    }
    List<String> windows = new ArrayList<>();
    minutes.forEach(
        (start, rows) ->
            windows.add(String.format("{\"start_ms\": %d, %s}", start, summary(rows))));
    tables.add(
        String.format("\"item_minute\": {\"windows\": [%s]}", String.join(", ", windows)));
    System.out.printf("{\"tables\": {%s}}%n", String.join(", ", tables));
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 4) {
      System.err.println("usage: weir.Tables BROKERS TOPIC EVENTS FOLDER");
      System.exit(2);
    }
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "tables-" + System.currentTimeMillis());
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    long events = Long.parseLong(arguments[2]);
    KafkaStreams streams = new KafkaStreams(topology(arguments[1]).build(), settings);
    streams.start();
    while (!done(streams, events)) {
      if (streams.state() == KafkaStreams.State.ERROR) System.exit(1);
      Thread.sleep(250);
    }
    print(streams);
    System.out.flush();
    // What is measured is done; closing would take its time.
    Runtime.getRuntime().halt(0);
  }
}
