"""Why a box is missed or false and why an identity is lost: rules over measured facts, the first that holds."""
