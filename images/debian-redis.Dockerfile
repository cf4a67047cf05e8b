# A stand-in for redis:7, from Debian's package.
FROM holdfast/debian:bookworm
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid redis redis && apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && mkdir -p /data && chown redis:redis /data
USER redis
WORKDIR /data
VOLUME /data
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no"]
