UPDATE holds
SET buyer_identity = %s
WHERE event_number = %s AND id = %s;
