# R: numeric_version says what is a version, compareVersion which is the newer one.
cat("R:", as.character(getRversion()), "\n")
pairs <- strsplit(paste0(readLines(commandArgs(TRUE)[1], encoding = "UTF-8"), "\x1f"), "\x1f", fixed = TRUE)
side <- function(n) vapply(pairs, function(pair) if (length(pair) < n) "" else pair[n], "")
left <- side(1)
right <- side(2)
is_version <- function(texts) {
  read <- suppressWarnings(unclass(numeric_version(texts, strict = FALSE)))
  vapply(read, function(numbers) length(numbers) > 0 && !anyNA(numbers), NA)
}
fine <- is_version(left) & is_version(right)
order <- rep("!", length(pairs))
order[fine] <- c("<", "=", ">")[mapply(compareVersion, left[fine], right[fine]) + 2]
writeLines(order)
