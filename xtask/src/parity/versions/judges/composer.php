<?php
// Composer's semver, which leaves the order of normal forms to PHP. Branches have no order there.

$autoload = getenv('COMPOSER_SEMVER') ?: '/usr/share/php/Composer/Semver/autoload.php';
if (!is_file($autoload)) {
    fwrite(STDERR, "composer/semver is not installed: there is no $autoload (COMPOSER_SEMVER)\n");
    exit(3);
}
require $autoload;

$parser = new Composer\Semver\VersionParser();
try {
    // Since 3.4.0 a date may be followed by two more numbers.
    $parser->normalize('2024.01-30-1.23');
} catch (UnexpectedValueException $refused) {
    fwrite(STDERR, "this composer/semver is older than 3.4.0\n");
    exit(3);
}
echo 'composer/semver: PHP ', PHP_VERSION, "\n";
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $pair) {
    try {
        [$left, $right] = array_map([$parser, 'normalize'], explode("\x1f", $pair));
    } catch (UnexpectedValueException $refused) {
        echo "!\n";
        continue;
    }
    if (str_starts_with($left, 'dev-') || str_starts_with($right, 'dev-')) {
        echo "!\n";
    } else {
        echo ['<', '=', '>'][version_compare($left, $right) + 1], "\n";
    }
}
