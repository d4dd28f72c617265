# Elixir's Version, by which Hex orders.
IO.puts("Elixir: #{System.version()}")

[file] = System.argv()

file
|> File.read!()
|> String.trim_trailing("\n")
|> String.split("\n")
|> Enum.map_join("\n", fn pair ->
  [left, right] = String.split(pair, "\x1f")

  with {:ok, left} <- Version.parse(left), {:ok, right} <- Version.parse(right) do
    %{lt: "<", eq: "=", gt: ">"}[Version.compare(left, right)]
  else
    :error -> "!"
  end
end)
|> IO.puts()
