# NuGet.Versioning, called by a program that mono's compiler makes.
[ -f "$NUGET_VERSIONING" ] || {
	echo "there is no NuGet.Versioning.dll (NUGET_VERSIONING)" >&2
	exit 3
}
cd "$(dirname "$1")" || exit 3
cp "$NUGET_VERSIONING" NuGet.Versioning.dll
cat >judge.cs <<'SOURCE'
using System;
using System.IO;
using System.Text;
using NuGet.Versioning;

static class Judge
{
    static void Main(string[] arguments)
    {
        var library = typeof(NuGetVersion).Assembly.GetName();
        var output = new StringBuilder("NuGet.Versioning: " + library.Version + "\n");
        foreach (var pair in File.ReadAllLines(arguments[0]))
        {
            var versions = pair.Split('\u001f');
            NuGetVersion left, right;
            if (!NuGetVersion.TryParse(versions[0], out left) || !NuGetVersion.TryParse(versions[1], out right))
            {
                output.Append("!\n");
                continue;
            }
            var order = VersionComparer.Default.Compare(left, right);
            output.Append(order < 0 ? "<\n" : order > 0 ? ">\n" : "=\n");
        }
        Console.Write(output);
    }
}
SOURCE
mcs -r:NuGet.Versioning.dll -out:judge.exe judge.cs >&2 && exec "$PROGRAM" judge.exe "$1"
