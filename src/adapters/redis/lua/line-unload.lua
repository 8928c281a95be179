-- Forgets the line of a campaign.
--
-- KEYS     lineRule lineWaiting linePast linePlaces lineKeys lineOffers lineTurns lineEarly lineStaged
-- ARGV
-- RETURNS  gone
--   gone  how many keys there were

return redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9])
