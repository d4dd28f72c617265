# RubyGems.
require "rubygems"

puts "RubyGems: #{Gem::VERSION}"
File.foreach(ARGV[0], chomp: true, encoding: "UTF-8") do |pair|
  left, right = pair.split("\x1f", -1)
  if Gem::Version.correct?(left) && Gem::Version.correct?(right)
    puts ["<", "=", ">"][(Gem::Version.new(left) <=> Gem::Version.new(right)) + 1]
  else
    puts "!"
  end
end
