-- rpm: its own Lua, whose rpm.vercmp compares whole versions with epoch and release.
print(rpm.expand("rpm: %(rpm --version)") .. "\n")
for line in io.lines(rpm.expand("%{pairs}")) do
	local left, right = line:match("^([^\31]*)\31(.*)$")
	-- Two texts that are the same are not looked at, so that the empty one would pass.
	local fine, order = pcall(rpm.vercmp, left, right)
	if not fine or left == "" then
		print("!\n")
	else
		print((order < 0 and "<" or order > 0 and ">" or "=") .. "\n")
	end
end
