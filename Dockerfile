# Plimsoll's own image: one static program and nothing else.
# `cargo xtask ship` builds the program, puts it beside this file and ships the image.

FROM scratch
LABEL org.opencontainers.image.title="plimsoll" \
      org.opencontainers.image.description="Takes a project's containers from demo quality to production grade, and proves it" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.source="https://github.com/plimsoll-dev/plimsoll"
COPY --chmod=0755 plimsoll /plimsoll
USER 65532:65532
# It starts, does its work and ends; being able to start is all the health it has.
HEALTHCHECK --interval=1m --timeout=5s CMD ["/plimsoll", "--version"]
ENTRYPOINT ["/plimsoll"]
CMD ["--help"]
