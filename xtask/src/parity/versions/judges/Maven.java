// Maven's maven-artifact. Everything is a version for it, unless it breaks over one.

import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.maven.artifact.versioning.ComparableVersion;

class Maven {
    public static void main(String[] arguments) throws Exception {
        // Since 3.9.2 a word and its number are one item, so that a zero counts.
        if (new ComparableVersion("1-x0").compareTo(new ComparableVersion("1-x")) == 0) {
            System.err.println("this maven-artifact is older than 3.9.2");
            System.exit(3);
        }
        var source = ComparableVersion.class.getProtectionDomain().getCodeSource().getLocation();
        var out = new StringBuilder("maven-artifact: " + source + "\n");
        for (var pair : Files.readAllLines(Path.of(arguments[0]))) {
            var versions = pair.split("\u001f", -1);
            try {
                var order = new ComparableVersion(versions[0]).compareTo(new ComparableVersion(versions[1]));
                out.append(order < 0 ? "<\n" : order > 0 ? ">\n" : "=\n");
            } catch (RuntimeException broken) {
                out.append("!\n");
            }
        }
        System.out.print(out);
    }
}
