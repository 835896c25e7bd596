-- Live holds whose buyer is not plainly its own identity: it has capitals, other white space, or is not ASCII.

SELECT event_number, id, buyer
FROM holds
WHERE status IN ('active', 'confirmed') AND buyer !~ '^[!-@[-~]+( [!-@[-~]+)*$' COLLATE "C";
